#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

// SQLITE_TRANSIENT is a cast of -1, which Swift's importer leaves out: SQLite copies what it is given.
static inline int rondo_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
  return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}
static inline int rondo_bind_blob(sqlite3_stmt *statement, int index, const void *_Nullable bytes, int length) {
  return length == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                     : sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}

// A file's number and its birth time in ns (0 where the file system keeps none): a copy of the file has another one.
static inline int rondo_file_birth(const char *path, uint64_t *number, int64_t *birth) {
  struct { // struct statx (statx(2)), which needs _GNU_SOURCE
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, spare;
    uint64_t inode, size, blocks, attributes_mask;
    struct { int64_t seconds; uint32_t nanoseconds; int32_t spare; } accessed, born, changed, modified;
    uint64_t rest[32];
  } found;
  memset(&found, 0, sizeof found);
  extern long syscall(long, ...);
  if (syscall(SYS_statx, AT_FDCWD, path, 0, 0x7ff | 0x800, &found) != 0) return -errno;
  *number = found.inode;
  *birth = found.mask & 0x800 ? found.born.seconds * 1000000000 + found.born.nanoseconds : 0;
  return 0;
}

#pragma clang assume_nonnull end
