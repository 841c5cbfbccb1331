/* A disk that fails on demand: loaded before libc into a process under test, it fails writes, syncs and
 * looks at free space of files whose path holds a word, or ends in it (`word$`). What to fail stands in a shared page, so the
 * test changes it while the process runs; every sync of such a file, and every failure, is logged.
 * The page: one letter for the mode, then the word. Never part of the product. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 256 };
static const volatile char *page;
static int trace = -1;

__attribute__((constructor)) static void begin(void) {
  const char *rules = getenv("FAULTS_RULES");
  const char *traced = getenv("FAULTS_TRACE");
  if (rules == NULL) return;
  int file = open(rules, O_RDONLY | O_CLOEXEC);
  void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) page = mapped;
  if (file >= 0) close(file);
  if (traced != NULL) trace = open(traced, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* The mode, when this path is meant; 0 otherwise. */
static char meant(const char *path) {
  char word[PAGE];
  if (page == NULL || page[0] == '-' || path == NULL) return 0;
  for (int at = 1; at < PAGE; at += 1) {
    word[at - 1] = page[at];
    if (page[at] == 0) break;
  }
  word[PAGE - 1] = 0;
  size_t length = strlen(word), whole = strlen(path);
  if (length > 0 && word[length - 1] == '$') {
    word[length -= 1] = 0;
    return whole >= length && strcmp(path + whole - length, word) == 0 ? page[0] : 0;
  }
  return strstr(path, word) == NULL ? 0 : page[0];
}

static char meant_fd(int fd, char *path, size_t size) {
  char link[64];
  if (page == NULL || page[0] == '-') return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlink, link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return meant(path);
}

static void tell(const char *what, const char *path) {
  char line[5000];
  if (trace < 0) return;
  int length = snprintf(line, sizeof line, "%s %s\n", what, path);
  syscall(SYS_write, trace, line, (size_t)length);
}

/* f: no room. l: no room is said to be there. w: writes fail. s: syncs fail. */
static int fails_write(int fd) {
  char path[4096];
  int kept = errno;
  char mode = meant_fd(fd, path, sizeof path);
  errno = kept;
  if (mode != 'f' && mode != 'w') return 0;
  tell(mode == 'f' ? "full" : "write-failed", path);
  errno = mode == 'f' ? ENOSPC : EIO;
  return 1;
}

static int fails_sync(int fd) {
  char path[4096];
  int kept = errno;
  char mode = meant_fd(fd, path, sizeof path);
  errno = kept;
  if (mode == 0) return 0;
  tell(mode == 's' ? "sync-failed" : "sync", path);
  if (mode != 's') return 0;
  errno = EIO;
  return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  return fails_write(fd) ? -1 : syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return fails_write(fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return pwrite64(fd, bytes, count, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return fails_write(fd) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  return fails_write(fd) ? -1 : syscall(SYS_pwritev, fd, parts, count, at, 0);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}

int ftruncate64(int fd, off64_t size) {
  return fails_write(fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fsync(int fd) { return fails_sync(fd) ? -1 : (int)syscall(SYS_fsync, fd); }

int fdatasync(int fd) { return fails_sync(fd) ? -1 : (int)syscall(SYS_fdatasync, fd); }

int statfs64(const char *path, struct statfs64 *found) {
  int done = (int)syscall(SYS_statfs, path, found);
  char mode = done == 0 ? meant(path) : 0;
  if (mode == 'f' || mode == 'l') found->f_bavail = 0;
  return done;
}

int statfs(const char *path, struct statfs *found) {
  return statfs64(path, (struct statfs64 *)found);
}
