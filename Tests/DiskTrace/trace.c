// Writes down what a program does to the files below a folder, for `CrashPointTests`: preloaded with LD_PRELOAD, it
// stands between the program and the C library. Each operation is written to DISK_TRACE after it was done, one at a
// time, so that the trace is an order in which the disk may have seen them.
//
// A record is: kind (1 byte), offset (8 bytes), and three byte strings behind their lengths (4 bytes each): path, other
// path, data. Numbers are in the machine's order.
//
//   'c' a file was made   'd' a folder was made   'w' data was written at the offset   't' cut to `offset` bytes
//   's' a file's or folder's contents were synced   'r' renamed to the other path   'u' a name was removed
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static const char *under;
static pid_t traced;

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

static int real_open(const char *path, int flags, int mode) {
    REAL(int, "open64", const char *, int, ...);
    return real(path, flags, mode);
}

static ssize_t real_write(int file, const void *data, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(file, data, length);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DISK_TRACE");
    under = getenv("DISK_TRACE_UNDER");
    if (!path || !under) return;
    trace = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    traced = getpid();
}

static int is_watched(const char *path) {
    if (trace < 0 || getpid() != traced || strncmp(path, under, strlen(under))) return 0;
    char next = path[strlen(under)];
    return (next == '/' || next == 0) && !strstr(path, " (deleted)");
}

// The path of an open file; nothing for one that is not watched.
static int path_of(int file, char *path) {
    if (trace < 0 || file == trace) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_watched(path);
}

static void put(char **at, const void *data, uint32_t length) {
    memcpy(*at, &length, 4);
    memcpy(*at + 4, data, length);
    *at += 4 + length;
}

static void note(char kind, const char *path, const char *other, uint64_t offset, const void *data, size_t length) {
    char *record = malloc(9 + 12 + strlen(path) + strlen(other) + length), *at = record;
    *at++ = kind;
    memcpy(at, &offset, 8);
    at += 8;
    put(&at, path, strlen(path));
    put(&at, other, strlen(other));
    put(&at, data, length);
    if (real_write(trace, record, at - record) != at - record) abort();
    free(record);
}

static int opened(const char *path, int flags, int mode) {
    if (!is_watched(path) || (flags & O_TMPFILE) == O_TMPFILE) return real_open(path, flags, mode);
    pthread_mutex_lock(&order);
    struct stat status;
    int was_there = stat(path, &status) == 0;
    int file = real_open(path, flags, mode), error = errno;
    if (file >= 0 && !was_there && flags & O_CREAT) note('c', path, "", 0, "", 0);
    if (file >= 0 && was_there && flags & O_TRUNC) note('t', path, "", 0, "", 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return file;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list arguments; \
        va_start(arguments, flags); \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0; \
        va_end(arguments); \
        return opened(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

static ssize_t written(int file, const void *data, size_t length, off_t offset) {
    char path[PATH_MAX];
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
    if (!path_of(file, path)) return offset < 0 ? real_write(file, data, length) : real(file, data, length, offset);
    pthread_mutex_lock(&order);
    off_t place = offset < 0 ? lseek(file, 0, SEEK_CUR) : offset;
    ssize_t result = offset < 0 ? real_write(file, data, length) : real(file, data, length, offset);
    int error = errno;
    if (result > 0) note('w', path, "", place, data, result);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

ssize_t write(int file, const void *data, size_t length) { return written(file, data, length, -1); }
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return written(file, data, length, offset); }
ssize_t pwrite64(int file, const void *data, size_t length, off_t offset) { return written(file, data, length, offset); }

static int synced(int file, const char *name) {
    char path[PATH_MAX];
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (!path_of(file, path)) return real(file);
    pthread_mutex_lock(&order);
    int result = real(file), error = errno;
    if (!result) note('s', path, "", 0, "", 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int fsync(int file) { return synced(file, "fsync"); }
int fdatasync(int file) { return synced(file, "fdatasync"); }

static int cut(int file, off_t length) {
    char path[PATH_MAX];
    REAL(int, "ftruncate64", int, off_t);
    if (!path_of(file, path)) return real(file, length);
    pthread_mutex_lock(&order);
    int result = real(file, length), error = errno;
    if (!result) note('t', path, "", length, "", 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int ftruncate(int file, off_t length) { return cut(file, length); }
int ftruncate64(int file, off_t length) { return cut(file, length); }

int rename(const char *path, const char *other) {
    REAL(int, "rename", const char *, const char *);
    if (!is_watched(path) && !is_watched(other)) return real(path, other);
    pthread_mutex_lock(&order);
    int result = real(path, other), error = errno;
    if (!result) note('r', path, other, 0, "", 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (!is_watched(path)) return real(path);
    pthread_mutex_lock(&order);
    int result = real(path), error = errno;
    if (!result) note('u', path, "", 0, "", 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    if (!is_watched(path)) return real(path, mode);
    pthread_mutex_lock(&order);
    int result = real(path, mode), error = errno;
    if (!result) note('d', path, "", 0, "", 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}
