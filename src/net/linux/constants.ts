/** Linux's numbers, for calls of its C library. */

// socket(2), accept4(2)
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

// socket(7), ip(7), ipv6(7)
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;

// shutdown(2)
export const SHUT_RD = 0;
export const SHUT_WR = 1;

// send(2), recv(2)
export const MSG_DONTWAIT = 0x40;
export const MSG_MORE = 0x8000;
export const MSG_NOSIGNAL = 0x4000;

/** fcntl(2): a second descriptor of the same file, closed on exec. */
export const F_DUPFD_CLOEXEC = 1030;

// errno(3); errno.ts names them all
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EBADF = 9;
export const EAGAIN = 11;
export const EACCES = 13;
export const EINVAL = 22;
export const EMFILE = 24;
export const EPIPE = 32;
export const ENOSYS = 38;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;
export const EINPROGRESS = 115;
