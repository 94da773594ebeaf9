"""Colours as eyes meet them: contrast, lightness, and how they look to the colour-blind.

Contrast: WCAG 2.2, "contrast ratio". Blindness: Machado, Oliveira and Fernandes, "A physiologically-based model for
simulation of color vision deficiency", 2009, severity 1.0. Distance: CIE 1976 L*a*b*, white D65.
"""

from typing import TypeAlias

from rich.color import Color, ColorSystem
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.constants import DIM_FACTOR

Rgb: TypeAlias = tuple[float, float, float]
"""Red, green, blue from 0 to 255."""
Matrix: TypeAlias = tuple[Rgb, Rgb, Rgb]

BLINDNESS: dict[str, Matrix] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def seen(style: Style) -> tuple[Rgb, Rgb]:
    """Foreground and background as Textual sends them: what is dim is blended with its ground."""
    assert style.color is not None
    assert style.bgcolor is not None
    front, back = rgb_of(style.color), rgb_of(style.bgcolor)
    if style.dim:
        front = (
            back[0] + (front[0] - back[0]) * DIM_FACTOR,
            back[1] + (front[1] - back[1]) * DIM_FACTOR,
            back[2] + (front[2] - back[2]) * DIM_FACTOR,
        )
    return front, back


def rgb_of(color: Color) -> Rgb:
    """A colour's parts."""
    red, green, blue = color.get_truecolor()
    return (red, green, blue)


def of_256(colour: Rgb) -> Rgb:
    """The nearest of the 256 colours that tmux and most terminals have, as rich chooses it."""
    nearest = Color.from_rgb(*(int(part) for part in colour)).downgrade(ColorSystem.EIGHT_BIT)
    red, green, blue = nearest.get_truecolor(DEFAULT_TERMINAL_THEME)
    return (red, green, blue)


def linear(colour: Rgb) -> Rgb:
    """Light instead of the screen's numbers (IEC 61966-2-1)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (each / 255 for each in colour)
    )
    return (red, green, blue)


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 (alike) to 21 (black and white)."""
    light, dark = sorted((_luminance(linear(colour)) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(light: Rgb) -> float:
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def distance(one: Rgb, other: Rgb, blindness: str) -> float:
    """How far apart two colours are to such eyes; 2.3 is just seen where they lie side by side."""
    first, second = (_lab(_simulated(colour, BLINDNESS[blindness])) for colour in (one, other))
    return float(sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5)


def _simulated(colour: Rgb, matrix: Matrix) -> Rgb:
    light = linear(colour)
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, light, strict=True)))) for row in matrix
    )
    return (red, green, blue)


def _lab(light: Rgb) -> Rgb:
    red, green, blue = light
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))
