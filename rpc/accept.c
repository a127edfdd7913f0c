/* SPDX-License-Identifier: Apache-2.0
 *
 * See accept.h. The state is the process's, as its descriptors are. They are given lowest first: as
 * long as the number of a new one is low, there are few, and nobody counts. From then on
 * connections are counted by looking at the descriptors, for nobody tells when gRPC closes one; not
 * more often than every LOOK_MS, so that a flood at the limit does not make the server count all
 * day.
 */
#include "rpc/accept.h"

#include "base/clock.h"
#include "rpc/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

static struct {
    pthread_mutex_t mutex;
    unsigned max;   /* under mutex, as are the next four; 0: no limit */
    int first;      /* all numbers below it were taken when the server started */
    int highest;    /* number of a connection so far */
    unsigned count; /* of connections: not fewer than there are */
    int64_t look_ms;
    atomic_int spare; /* to be given up for a connection, so that it can be refused; -1: none */
    atomic_ulong refused;
} process = {.mutex = PTHREAD_MUTEX_INITIALIZER, .spare = -1};

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* How many files may be open, once the soft limit is as high as need be. */
static unsigned long long allow_files(unsigned long long wanted)
{
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

bool accept_limit(unsigned max_connections, struct err *err)
{
    unsigned wanted = max_connections ? max_connections : ACCEPT_DEFAULT_CONNECTIONS;
    int spare = open_spare();
    if (spare < 0)
        return err_set(err, ERR_UNAVAILABLE, "this process has as many files open as it may");
    unsigned long long beside = (unsigned long long)spare + 1 + ACCEPT_FILES_BESIDE;
    unsigned long long files = allow_files(beside + wanted);
    if (files < beside + (max_connections ? wanted : 1)) {
        (void)close(spare);
        return err_set_field(err, "max_connections",
                             "%u connections and %llu files beside are more than the %llu files "
                             "that this process may have open; allow more (ulimit -n, or "
                             "LimitNOFILE= of its unit), or fewer connections",
                             wanted, beside, files);
    }
    int before = atomic_exchange(&process.spare, spare);
    if (before >= 0)
        (void)close(before);
    pthread_mutex_lock(&process.mutex);
    process.max = files < beside + wanted ? (unsigned)(files - beside) : wanted;
    process.first = spare;
    process.count = process.max; /* not known: to be looked at */
    process.look_ms = 0;
    pthread_mutex_unlock(&process.mutex);
    return true;
}

bool rpc_connections_allow(unsigned max_connections, struct err *err)
{
    return accept_limit(max_connections, err);
}

unsigned rpc_connections_most(void)
{
    pthread_mutex_lock(&process.mutex);
    unsigned most = process.max;
    pthread_mutex_unlock(&process.mutex);
    return most;
}

int accept_highest(void)
{
    pthread_mutex_lock(&process.mutex);
    int highest = process.highest;
    pthread_mutex_unlock(&process.mutex);
    return highest;
}

unsigned long rpc_connections_refused(void)
{
    return atomic_load(&process.refused);
}

/* The near end of a socket. */
union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_un local;
};

static bool near_end(int fd, union address *out)
{
    socklen_t len = sizeof *out;
    *out = (union address){.any = {.sa_family = 0}};
    return getsockname(fd, &out->any, &len) == 0;
}

/* A listener for all addresses of the machine has connections at each. */
static bool is_same_door(const union address *a, const union address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->ipv4.sin_port == b->ipv4.sin_port;
    if (a->any.sa_family == AF_INET6)
        return a->ipv6.sin6_port == b->ipv6.sin6_port;
    return memcmp(a->local.sun_path, b->local.sun_path, sizeof a->local.sun_path) == 0;
}

/* The listener's connections among descriptors up to `last`, but for the one just taken. */
static unsigned count_connections(int listener, int last, int taken)
{
    union address door;
    union address own;
    unsigned count = 0;
    if (!near_end(listener, &door))
        return 0;
    for (int fd = 0; fd <= last; fd++)
        count += fd != listener && fd != taken && near_end(fd, &own) && is_same_door(&own, &door);
    return count;
}

/* Whether a connection that was just taken may stay. */
static bool has_room(int listener, int fd)
{
    pthread_mutex_lock(&process.mutex);
    if (fd > process.highest)
        process.highest = fd;
    bool is_low =
        process.max == 0 || fd < process.first || (unsigned)(fd - process.first) < process.max;
    int64_t now_ms = clock_monotonic_ms();
    if (!is_low && process.count >= process.max && now_ms >= process.look_ms) {
        process.count = count_connections(listener, process.highest, fd);
        process.look_ms = now_ms + LOOK_MS;
    }
    bool may_stay = is_low || process.count < process.max;
    if (may_stay && process.count < process.max)
        process.count++;
    pthread_mutex_unlock(&process.mutex);
    return may_stay;
}

static void refuse(int fd)
{
    (void)close(fd);
    atomic_fetch_add(&process.refused, 1);
}

static int take(int listener, struct sockaddr *address, socklen_t *len, int flags)
{
    return (int)syscall(SYS_accept4, listener, address, len, flags);
}

/* Without a descriptor a connection cannot even be refused: it would wait in the kernel's queue,
 * and once that is full nothing would wake the listener any more. False: the spare one is of no
 * use. */
static bool refuse_with_spare(int listener)
{
    int spare = atomic_exchange(&process.spare, -1);
    if (spare < 0 && (spare = open_spare()) < 0)
        return false;
    (void)close(spare);
    int fd = take(listener, NULL, NULL, SOCK_CLOEXEC);
    bool is_refused = fd >= 0;
    if (is_refused)
        refuse(fd);
    atomic_store(&process.spare, open_spare());
    return is_refused;
}

/* Errors of the connection, or of the network on its way here, and not of the listener: accept(2).
 */
static bool is_of_connection(int error)
{
    static const int errors[] = {ECONNABORTED, EPROTO,       ENOPROTOOPT, EPERM,      ENETDOWN,
                                 ENETUNREACH,  EHOSTUNREACH, EHOSTDOWN,   EOPNOTSUPP, ENONET};
    for (size_t i = 0; i < COUNT_OF(errors); i++)
        if (error == errors[i])
            return true;
    return false;
}

/* accept4, for all that the program is linked with: libgrpc looks here first. Declared under
 * another name, for the C library's header has its own idea of the second parameter. */
int accept_within_limit(int listener, struct sockaddr *address, socklen_t *len,
                        int flags) __asm__("accept4") __attribute__((visibility("default")));

int accept_within_limit(int listener, struct sockaddr *address, socklen_t *len, int flags)
{
    socklen_t room = len ? *len : 0;
    for (;;) {
        if (len)
            *len = room;
        int fd = take(listener, address, len, flags);
        if (fd >= 0 && has_room(listener, fd))
            return fd;
        if (fd >= 0) {
            refuse(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (refuse_with_spare(listener))
                continue;
            errno = EAGAIN; /* gRPC takes it for the end of the queue, and waits for the next */
            return -1;
        } else if (!is_of_connection(errno)) {
            return -1;
        }
    }
}
