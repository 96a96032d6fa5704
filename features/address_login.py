"""The user and the password within the address of a server: never shown, and never guessed at."""

import re

#: Signs that end the user and the password, or a part of them, for one reader or another.
_RESERVED = "@/#?:"
_LOGIN = re.compile(r"(?P<scheme>[\w+.-]+://)(?P<login>.*)@(?P<rest>.*)", re.DOTALL)
LOGIN_FAULT = (
    "has a sign in its user or password that ends them (@ / # ? or :), so that readers do not "
    "agree where the server is named: write it percent-encoded, such as %40 for @, %2F for /, %23 "
    "for #"
)


def login_fault(address: str) -> str | None:
    """Return what is wrong with the user and password of an address, which it does not repeat;
    None where nothing is. Addresses of files have neither.

    >>> login_fault("postgresql://me:a%40b@host/db"), login_fault("sqlite:////a@b/c.db")
    (None, None)
    >>> login_fault("postgresql://me:a@b@host/db") == LOGIN_FAULT
    True
    """
    match = _LOGIN.fullmatch(address)
    if match is None or match["scheme"].startswith(("sqlite", "file")):
        return None
    user, _, password = match["login"].partition(":")
    return LOGIN_FAULT if set(_RESERVED) & set(user + password) else None


def hide_login(address: str) -> str:
    """Return an address without user and password.

    >>> hide_login("https://me:secret@host/path")
    'https://host/path'
    >>> hide_login("sqlite:////a@b/c.db")
    'sqlite:////a@b/c.db'
    """
    match = _LOGIN.fullmatch(address)
    if match is None or match["scheme"].startswith(("sqlite", "file")):
        return address
    return match["scheme"] + match["rest"]


def hide_login_of(address: str, text: str) -> str:
    """Return a text that may repeat an address, without the user and password of that address.

    >>> hide_login_of("http://me:secret@host", "no answer from http://me:secret@host/api: gone")
    'no answer from http://host/api: gone'
    """
    match = _LOGIN.fullmatch(address)
    if match is None or hide_login(address) == address:
        return text
    text = text.replace(f"{match['login']}@", "")
    _, _, password = match["login"].partition(":")
    return text.replace(password, "***") if password else text
