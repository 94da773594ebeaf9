"""What argparse says by itself: its own messages, which a program translates through gettext.

Those that a call of ``dsync-tui`` can bring about, alike in every supported version of Python. That is how argparse
means it to be done: "Translating argparse output" in its documentation.
"""

ARGPARSE_WORDS = (
    "usage: ",
    "options",
    "positional arguments",
    "show this help message and exit",
    "%(prog)s: error: %(message)s\n",
    "argument %(argument_name)s: %(message)s",
    "the following arguments are required: %s",
    "one of the arguments %s is required",
    "not allowed with argument %s",
    "unrecognized arguments: %s",
    "expected one argument",
    "expected at most one argument",
    "expected at least one argument",
    "ignored explicit argument %r",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid %(type)s value: %(value)r",
)
