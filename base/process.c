/* SPDX-License-Identifier: Apache-2.0
 *
 * See process.h.
 */
#include "base/process.h"

#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_MAX_BYTES = 4096,
    RESIDENT_FIELD = 1, /* of /proc/self/statm, from 0 */
    START_FIELD = 19,   /* of /proc/self/stat, from 0, behind the program's name */
};

static double seconds_of(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && file_fill(fd, out);
    if (fd >= 0)
        (void)close(fd);
    return is_read;
}

/* The field with an index from 0, of those with a blank between two; 0: there is no such number. */
static int64_t number_at(struct str fields, int index)
{
    struct str field = {0};
    int64_t number = 0;
    for (int i = 0; i <= index; i++)
        if (!str_next(&fields, ' ', &field))
            return 0;
    return str_to_int64(field, &number) ? number : 0;
}

static int64_t read_resident(void)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, FILE_MAX_BYTES);
    if (!read_file("/proc/self/statm", &text))
        return 0;
    return number_at(buf_str(&text), RESIDENT_FIELD) * sysconf(_SC_PAGESIZE);
}

/* The program's name may hold blanks and brackets; what follows its last bracket does not. */
static double read_start(void)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, FILE_MAX_BYTES);
    if (!read_file("/proc/self/stat", &text))
        return 0;
    const char *bracket = memrchr(text.ptr, ')', text.len);
    if (!bracket || bracket + 2 >= text.ptr + text.len)
        return 0;
    struct str fields = {bracket + 2, (size_t)(text.ptr + text.len - bracket - 2)};
    double after_boot_s = (double)number_at(fields, START_FIELD) / (double)sysconf(_SC_CLK_TCK);
    return seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) + after_boot_s;
}

/* Among them is the one that is open to count them. */
static int64_t count_files(void)
{
    enum { NOT_FILES = 2 + 1 }; /* ".", ".." and that one */
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = 0;
    if (!dir)
        return 0;
    while (readdir(dir)) // NOLINT(concurrency-mt-unsafe): own DIR
        count++;
    (void)closedir(dir);
    return count > NOT_FILES ? count - NOT_FILES : 0;
}

void process_read_use(struct process_use *out)
{
    struct rlimit files = {0};
    (void)getrlimit(RLIMIT_NOFILE, &files);
    *out = (struct process_use){
        .resident_bytes = read_resident(),
        .open_files = count_files(),
        .most_files = (int64_t)files.rlim_cur,
        .cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
        .started_s = read_start(),
    };
}
