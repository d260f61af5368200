"""Text as a shell reads it."""

import shlex


def quoted(text: bytes) -> str:
    """Quote for a shell: plainly where it can be, byte by byte where it must be."""
    if all(0x20 <= byte < 0x7F for byte in text):
        return shlex.quote(text.decode("ascii"))
    escaped = (
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in text
    )
    return f"$'{''.join(escaped)}'"
