"""GET /v1/settings: what is in force, and where it came from."""

from aiohttp import web

from backend.api.wire import SettingDocument, SettingsDocument
from backend.control.context import context_of
from backend.control.replies import json_reply
from backend.settings import explain


async def settings(request: web.Request) -> web.StreamResponse:
    """List all settings; secrets stay hidden."""
    lines = explain(context_of(request).settings)
    return json_reply(SettingsDocument([SettingDocument(key, value, origin) for key, value, origin in lines]))
