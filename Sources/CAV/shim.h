#pragma once
#include <libavformat/avformat.h>
#include <libavcodec/avcodec.h>
#include <libavutil/cpu.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>

// What Swift cannot import: casts inside macros, variadic functions and function-like macros.
static const int64_t rondo_no_time = AV_NOPTS_VALUE;
static const int rondo_end_of_file = AVERROR_EOF;
static const int rondo_no_memory = AVERROR(ENOMEM);
static const int rondo_again = AVERROR(EAGAIN);

// Ends this process when its parent ends, and makes sure that it never gains rights.
static inline int rondo_confine(void) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// Lowers a limit of this process for good. Glibc's RLIMIT_ names are enumerators with another C type in each language.
static inline int rondo_limit_data(rlim_t bytes) { struct rlimit limit = {bytes, bytes}; return setrlimit(RLIMIT_DATA, &limit); }
static inline int rondo_limit_cpu(rlim_t seconds) { struct rlimit limit = {seconds, seconds}; return setrlimit(RLIMIT_CPU, &limit); }
static inline int rondo_limit_core(void) { struct rlimit limit = {0, 0}; return setrlimit(RLIMIT_CORE, &limit); }
static inline int rondo_limit_files(rlim_t count) { struct rlimit limit = {count, count}; return setrlimit(RLIMIT_NOFILE, &limit); }
static inline int rondo_limit_file_size(void) { struct rlimit limit = {0, 0}; return setrlimit(RLIMIT_FSIZE, &limit); }

// Refuses every file or address that a demuxer wants to open besides the upload itself.
static inline int rondo_refuse_open(struct AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
    (void)context; (void)io; (void)url; (void)flags; (void)options;
    return AVERROR(EPERM);
}

static inline void rondo_free_io(AVIOContext **io) {
    if (*io) av_freep(&(*io)->buffer);
    avio_context_free(io);
}
