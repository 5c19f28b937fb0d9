"""Which system calls a session may make: those on a list, and no others.

The list holds what Python, its libraries and the programs that they start were seen to
call, and what is of the same kind. Whatever is new or rare gets ENOSYS, as from an
older kernel: C libraries then go on with what they used before. Calls that programs
expect to be forbidden get EPERM.

Some calls do nothing and say that they did. Files that all sessions share can be read
only, but a lock, a mode or a time can be set without writing, and Landlock does not
look at that. Nobody but the session itself sees its own files.
"""

from __future__ import annotations

import errno
import fcntl
import socket
import termios
from typing import Any

from staff.grader.inside.confine import Unavailable

__all__ = ["Filter"]

_FILES = """
    access faccessat faccessat2 chdir fchdir close close_range copy_file_range creat
    dup dup2 dup3 fadvise64 fallocate fdatasync fstat fstatfs fsync ftruncate getcwd
    getdents getdents64 getxattr fgetxattr lgetxattr link linkat listxattr flistxattr
    llistxattr lseek lstat memfd_create mkdir mkdirat newfstatat open openat openat2
    pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat
    readv rename renameat renameat2 rmdir sendfile splice stat statfs statx symlink
    symlinkat tee umask unlink unlinkat vmsplice write writev
"""
_WAITING = """
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd
    eventfd2 pipe pipe2 poll ppoll pselect6 select clock_nanosleep nanosleep pause
    timerfd_create timerfd_gettime timerfd_settime
"""
_MEMORY = """
    brk get_mempolicy madvise mbind membarrier mincore mlock mlock2 mmap mprotect mremap
    msync munlock munmap pkey_alloc pkey_free pkey_mprotect
"""
_PROCESSES = """
    arch_prctl execve exit exit_group fork futex futex_waitv get_robust_list getpgid
    getpgrp getpid getppid getsid gettid kill restart_syscall rseq rt_sigpending
    rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
    sched_getscheduler sched_rr_get_interval sched_yield set_robust_list
    set_tid_address sigaltstack tgkill tkill vfork wait4 waitid
"""
_FACTS = """
    capget clock_getres clock_gettime getcpu getegid geteuid getgid getgroups getitimer
    getpriority getrandom getresgid getresuid getrlimit getrusage gettimeofday getuid
    sysinfo time times uname
"""
_PAIRS = """
    getpeername getsockname getsockopt recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto
    setsockopt shutdown
"""  # of connected sockets: no others can be had
_ALLOWED = f"{_FILES} {_WAITING} {_MEMORY} {_PROCESSES} {_FACTS} {_PAIRS}"

_PRETENDED = "flock chmod fchmod fchmodat fchmodat2"  # and utimensat

# What programs expect to be refused: other processes, the network, namespaces, the
# kernel's keys, files' owners, and truncating by name, which old Landlocks overlook.
_REFUSED = """
    socket connect bind listen accept accept4 ptrace process_vm_readv
    process_vm_writev kcmp process_madvise pidfd_open pidfd_getfd
    pidfd_send_signal unshare setns mount umount2 pivot_root chroot fsopen
    fsconfig fsmount move_mount open_tree mount_setattr bpf perf_event_open
    userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key
    request_key open_by_handle_at name_to_handle_at init_module finit_module
    delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl
    settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname
    syslog shmget shmat shmctl msgget msgctl msgsnd msgrcv semget semctl semop
    semtimedop mq_open mq_unlink personality setpriority sched_setparam
    sched_setscheduler sched_setattr ioprio_set migrate_pages move_pages
    rt_sigaction rt_sigqueueinfo rt_tgsigqueueinfo setitimer timer_create alarm
    setrlimit setsid setpgid setuid setgid setreuid setregid setresuid setresgid
    setgroups setfsuid setfsgid capset chown fchown lchown fchownat setxattr
    fsetxattr lsetxattr removexattr fremovexattr lremovexattr truncate mknod mknodat
    utime utimes futimesat
"""

_INT = 0xFFFFFFFF  # the kernel looks at no more of a number, a type or a command
_ALL = (1 << 64) - 1
_NAMESPACES = 0x7E020080  # the CLONE_NEW... flags
_COMMANDS = """
    DUPFD DUPFD_CLOEXEC GETFD SETFD GETFL SETFL GETLK SETLK SETLKW GETPIPE_SZ
    SETPIPE_SZ ADD_SEALS GET_SEALS
"""  # of fcntl; not: leases, owners, signals, watching folders
_REQUESTS = (
    *(termios.TCGETS, termios.TIOCGWINSZ, termios.FIONREAD, termios.FIONBIO),
    *(termios.FIOCLEX, termios.FIONCLEX),
)
_FLAGS = socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
# Of prctl: a signal at the parent's end, names of threads and memory, no new rights.
_OPTIONS = (1, 2, 3, 15, 16, 23, 30, 38, 39, 0x53564D41)


class Filter:
    """A filter of system calls, made once and loaded in every fork.

    Args:
        spare: a process that may not be signaled: the warm one.

    Raises:
        Unavailable: no libseccomp, or the kernel has no seccomp.
    """

    def __init__(self, *, spare: int) -> None:
        try:
            import pyseccomp
        except (ImportError, RuntimeError, OSError) as error:
            raise Unavailable(f"seccomp: {error}; install libseccomp2") from error
        self._lib: Any = pyseccomp
        self._list = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
        self._guard = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
        self._fill()
        self._protect(spare)

    def load(self) -> None:
        """Bind this process and all that it starts, for good."""
        self._guard.load()  # the list then has no room for another
        self._list.load()

    def _fill(self) -> None:
        allow, refuse = self._lib.ALLOW, self._lib.ERRNO(errno.EPERM)
        pretend = self._lib.ERRNO(0)
        lists = ((allow, _ALLOWED), (pretend, _PRETENDED), (refuse, _REFUSED))
        for action, names in lists:
            for name in names.split():
                self._add(self._list, action, name)
        # Who sets the time to now makes the file if that fails; who copies gives up.
        self._add(self._list, refuse, "utimensat", self._is(2, 0, _ALL))
        self._add(self._list, pretend, "utimensat", self._lib.Arg(2, self._lib.NE, 0))
        self._allow("clone", self._is(0, 0, _NAMESPACES))
        self._allow("prlimit64", self._is(2, 0, _ALL))  # to look
        self._allow("sched_setaffinity", self._is(0, 0))  # of itself
        # Other kinds than streams can be sent to anybody.
        kind = self._is(1, socket.SOCK_STREAM, _INT & ~_FLAGS)
        self._allow("socketpair", self._is(0, socket.AF_UNIX), kind)
        for command in _COMMANDS.split():
            self._allow("fcntl", self._is(1, getattr(fcntl, f"F_{command}")))
        for request in _REQUESTS:
            self._allow("ioctl", self._is(1, request))
        for option in _OPTIONS:
            self._allow("prctl", self._is(0, option))

    def _allow(self, name: str, *conditions: Any) -> None:
        self._add(self._list, self._lib.ALLOW, name, *conditions)

    def _protect(self, spare: int) -> None:
        """Refuse signals to a process, to its group and to everybody."""
        refuse = self._lib.ERRNO(errno.EPERM)
        for name in ("kill", "tkill", "tgkill"):
            self._add(self._guard, refuse, name, self._is(0, spare))
        for everyone in (-1, -spare):
            self._add(self._guard, refuse, "kill", self._is(0, everyone & _INT))

    def _is(self, place: int, value: int, mask: int = _INT) -> Any:
        """Return the condition that a call's argument has this value."""
        return self._lib.Arg(place, self._lib.MASKED_EQ, mask, value)

    def _add(self, rules: Any, action: int, name: str, *arguments: Any) -> None:
        number = self._lib.resolve_syscall(self._lib.Arch.NATIVE, name)
        if number < 0:
            return  # this processor's Linux has no such call, or it is too new
        try:
            rules.add_rule(action, number, *arguments)
        except (OSError, ValueError, RuntimeError) as error:
            raise Unavailable(f"seccomp: {name}: {error}") from error
