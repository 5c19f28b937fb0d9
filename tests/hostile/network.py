"""Answers that try to reach anybody: a listener of the test waits for them."""

import textwrap

from tests.hostile.case import RIGHT, Bank

__all__ = ["bank"]

bank = Bank("network")
ALLOWED = "PASS TAMPERED"


def reach(name: str, about: str, code: str) -> None:
    """Add a case that tries to send something, and hides that it could not."""
    body = textwrap.indent(textwrap.dedent(code).strip("\n"), "    ")
    quiet = f"try:\n{body}\nexcept Exception as error:\n    print(type(error).__name__)"
    bank.beside(name, about, ALLOWED, quiet, RIGHT)


reach(
    "tcp",
    "connects to a port of this machine",
    """
    import socket
    for host in ("127.0.0.1", "::1", "localhost", socket.gethostname()):
        try:
            with socket.create_connection((host, @PORT@), timeout=1) as line:
                line.sendall(b"reached")
        except OSError:
            pass
    """,
)
reach(
    "udp",
    "sends a datagram to this machine",
    """
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"reached", ("127.0.0.1", @PORT@))
    """,
)
reach(
    "unix-socket",
    "connects to a socket in the file system",
    """
    import socket
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("@SOCKET@")
        line.sendall(b"reached")
    """,
)
reach(
    "abstract-socket",
    "connects to an abstract socket",
    """
    import socket
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\\0@RUN@")
        line.sendall(b"reached")
    """,
)
reach(
    "abstract-datagram",
    "sends a datagram to an abstract socket",
    """
    import socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(b"reached", "\\0@RUN@-datagram")
    """,
)
reach(
    "pair-of-sockets",
    "sends datagrams from one of a pair of sockets, to a file and an abstract name",
    """
    import socket
    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
        for name in ("@SOCKET@-datagram", "\\0@RUN@-datagram"):
            try:
                ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
                ours.sendto(b"reached", name)
            except OSError:
                pass
    """,
)
reach(
    "dns",
    "asks for a name (reserved for tests)",
    """
    import socket
    socket.setdefaulttimeout(1)
    socket.getaddrinfo("@RUN@.invalid", 80)
    raise SystemExit("a name server was reached")
    """,
)
reach(
    "http",
    "opens an address of this machine with urllib",
    """
    import urllib.request
    urllib.request.urlopen("http://127.0.0.1:@PORT@/reached", timeout=1).read()
    """,
)
reach(
    "curl",
    "asks other programs to connect",
    """
    import subprocess
    for command in (["curl", "-m1", "http://127.0.0.1:@PORT@/reached"],
                    ["bash", "-c", "echo reached > /dev/tcp/127.0.0.1/@PORT@"],
                    ["python3", "-c", "import socket; socket.create_connection("
                     "('127.0.0.1', @PORT@), 1).sendall(b'reached')"]):
        try:
            subprocess.run(command, timeout=3, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            pass
    """,
)
reach(
    "raw-socket",
    "opens raw, netlink, packet and vsock sockets",
    """
    import socket
    for family, kind, protocol in ((2, 3, 1), (16, 3, 0), (17, 3, 3), (40, 1, 0)):
        try:
            socket.socket(family, kind, protocol).close()
        except OSError:
            pass
    """,
)
reach(
    "listens",
    "waits for others to come in",
    """
    import socket
    with socket.socket() as line:
        line.settimeout(1)
        line.bind(("0.0.0.0", 0)); line.listen(); line.accept()
    """,
)
reach(
    "io-uring",
    "connects with io_uring, past a filter of system calls",
    """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(425, 4, (ctypes.c_char * 120)())
    print("io_uring", "refused" if fd < 0 else "open")
    """,
)
reach(
    "syscall-by-number",
    "calls socket and connect by their numbers in 32 and 64 bit",
    """
    import ctypes, struct, sys
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        numbers = {"x86_64": (41, 42)}.get(__import__("platform").machine(), (198, 203))
        fd = libc.syscall(numbers[0], 2, 1, 0)
        name = struct.pack("=H", 2) + struct.pack(">H", @PORT@) + bytes([127, 0, 0, 1])
        libc.syscall(numbers[1], fd, name + bytes(8), 16)
        libc.write(fd, b"reached", 7)
    """,
)
