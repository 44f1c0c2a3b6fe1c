/* Records what a program does to the files below a directory, and which of it it had synced.
 *
 * Preloaded (LD_PRELOAD) into the server by `power_loss/recorder.rs`. Owns the journal, a file
 * outside of that directory that is only ever appended to. Must not change what the program sees:
 * each call is passed on and its outcome returned.
 *
 * CHAT_POWER_ROOT is the directory, CHAT_POWER_JOURNAL the journal. A change is recorded before it
 * is made, while a lock keeps other changes out: a program that is killed in between has at most
 * its last record not carried out. A sync is recorded once it has come back without an error, with
 * the number of the records that had been there when it began: what was changed meanwhile is not
 * covered by it.
 *
 * Caught are the calls that the server and SQLite use. Whether these are all is not taken on trust:
 * `power_loss/disk.rs` compares the recorded state with the real one after every kill.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* As in `power_loss/journal.rs`. */
enum kind {
    LOADED = 1,
    CREATED = 2,  /* inode, parent, name; length is 1 for a directory */
    WRITE = 3,    /* inode, offset, length, data */
    TRUNCATE = 4, /* inode, length */
    UNLINK = 5,   /* parent, name */
    RENAME = 6,   /* parent, name; the new parent in inode, the new name as data */
    SYNCED = 7,   /* inode; offset is the number of records covered */
    AMEND = 8     /* the last change did less: length bytes, or nothing at all where offset is 1 */
};

struct record {
    uint32_t kind;
    uint32_t name_length;
    uint64_t inode;
    uint64_t parent;
    uint64_t offset;
    uint64_t length;
    uint64_t data_length;
};

#define TRACKED 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int journal = -1;
static uint64_t records;
static uint64_t tracked[TRACKED];
static size_t tracked_count;
static dev_t device;

#define NEXT(name) ((__typeof__(&name))next(#name))

static void *next(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function)
        abort();
    return function;
}

/* A journal that can't be written is of no use: better no server at all. */
static void put(const void *bytes, size_t length) {
    static ssize_t (*pass)(int, const void *, size_t);
    if (!pass)
        pass = NEXT(write);
    const char *at = bytes;
    while (length) {
        ssize_t done = pass(journal, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            abort();
        at += done;
        length -= done;
    }
}

static void append(struct record record, const char *name, const struct iovec *data, int count) {
    int saved = errno;
    record.name_length = name ? strlen(name) : 0;
    for (int i = 0; i < count; i++)
        record.data_length += data[i].iov_len;
    put(&record, sizeof record);
    if (name)
        put(name, record.name_length);
    for (int i = 0; i < count; i++)
        put(data[i].iov_base, data[i].iov_len);
    records++;
    errno = saved;
}

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("CHAT_POWER_ROOT");
    const char *path = getenv("CHAT_POWER_JOURNAL");
    struct stat found;
    if (!directory || !path || strlen(directory) >= sizeof root)
        return;
    if (stat(directory, &found) != 0)
        abort();
    journal = NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0)
        abort();
    strcpy(root, directory);
    root_length = strlen(root);
    device = found.st_dev;
    append((struct record){.kind = LOADED}, NULL, NULL, 0);
}

static int is_below(const char *path) {
    return journal >= 0 && strncmp(path, root, root_length) == 0
        && (path[root_length] == '/' || path[root_length] == 0);
}

static int is_tracked(uint64_t inode) {
    for (size_t i = 0; i < tracked_count; i++)
        if (tracked[i] == inode)
            return 1;
    return 0;
}

static void track(uint64_t inode) {
    if (is_tracked(inode))
        return;
    if (tracked_count == TRACKED)
        abort();
    tracked[tracked_count++] = inode;
}

static void forget(uint64_t inode) {
    for (size_t i = 0; i < tracked_count; i++)
        if (tracked[i] == inode)
            tracked[i] = tracked[--tracked_count];
}

/* The inode of an open file or directory that is recorded; 0 for any other. Holds the lock. */
static uint64_t inode_of(int descriptor) {
    struct stat found;
    if (journal < 0 || fstat(descriptor, &found) != 0 || found.st_dev != device)
        return 0;
    if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
        return 0;
    return is_tracked(found.st_ino) ? found.st_ino : 0;
}

/* The directory of a path, and the name in it. */
static uint64_t parent_of(const char *path, const char **name) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash - path;
    struct stat found;
    if (length >= sizeof directory)
        abort();
    memcpy(directory, path, length);
    directory[length] = 0;
    *name = slash + 1;
    return stat(directory, &found) == 0 ? found.st_ino : 0;
}

static void created(const char *path, uint64_t inode, int is_directory) {
    const char *name;
    uint64_t parent = parent_of(path, &name);
    track(inode);
    struct record record = {
        .kind = CREATED, .inode = inode, .parent = parent, .length = is_directory};
    append(record, name, NULL, 0);
}

/* Tells that the change just recorded was not made, or not in full. */
static void amend(long outcome, long intended) {
    if (outcome == intended)
        return;
    struct record record = {.kind = AMEND, .offset = outcome < 0, .length = outcome < 0 ? 0 : outcome};
    append(record, NULL, NULL, 0);
}

static int opened(int (*pass)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    /* A power loss is another run of the system. */
    const char *boot = getenv("CHAT_POWER_BOOT");
    if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
        return pass(boot, flags, mode);
    if (!is_below(path))
        return pass(path, flags, mode);
    struct stat before, after;
    pthread_mutex_lock(&lock);
    int was_there = stat(path, &before) == 0;
    int descriptor = pass(path, flags, mode);
    int saved = errno;
    if (descriptor >= 0 && fstat(descriptor, &after) == 0) {
        track(after.st_ino);
        if (!was_there)
            created(path, after.st_ino, 0);
        else if (flags & O_TRUNC)
            append((struct record){.kind = TRUNCATE, .inode = after.st_ino}, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
    return descriptor;
}

#define OPEN(name)                                      \
    int name(const char *path, int flags, ...) {        \
        mode_t mode = 0;                                \
        if (flags & (O_CREAT | O_TMPFILE)) {            \
            va_list rest;                               \
            va_start(rest, flags);                      \
            mode = va_arg(rest, mode_t);                \
            va_end(rest);                               \
        }                                               \
        return opened(NEXT(name), path, flags, mode);   \
    }
OPEN(open)
OPEN(open64)

static void recorded_write(uint64_t inode, off64_t offset, const struct iovec *data, int count) {
    struct record record = {.kind = WRITE, .inode = inode, .offset = offset};
    for (int i = 0; i < count; i++)
        record.length += data[i].iov_len;
    append(record, NULL, data, count);
}

/* Where a write without an offset goes. */
static off64_t place_of(int descriptor) {
    struct stat found;
    if ((fcntl(descriptor, F_GETFL) & O_APPEND) && fstat(descriptor, &found) == 0)
        return found.st_size;
    return lseek64(descriptor, 0, SEEK_CUR);
}

/* Whether it can be a recorded file at all; asked without the lock, which sockets and pipes (and
 * who writes to them in a signal handler) have no need of. */
static int may_be_tracked(int descriptor) {
    struct stat found;
    return journal >= 0 && fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode)
        && found.st_dev == device;
}

#define WRITING(descriptor, place, data, count, intended, call) \
    if (!may_be_tracked(descriptor))                            \
        return call;                                            \
    pthread_mutex_lock(&lock);                                  \
    uint64_t inode = inode_of(descriptor);                      \
    if (!inode) {                                               \
        pthread_mutex_unlock(&lock);                            \
        return call;                                            \
    }                                                           \
    recorded_write(inode, place, data, count);                  \
    ssize_t outcome = call;                                     \
    amend(outcome, intended);                                   \
    pthread_mutex_unlock(&lock);                                \
    return outcome;

ssize_t write(int descriptor, const void *bytes, size_t length) {
    struct iovec data = {(void *)bytes, length};
    WRITING(descriptor, place_of(descriptor), &data, 1, (ssize_t)length,
            NEXT(write)(descriptor, bytes, length))
}

ssize_t writev(int descriptor, const struct iovec *data, int count) {
    ssize_t length = 0;
    for (int i = 0; i < count; i++)
        length += data[i].iov_len;
    WRITING(descriptor, place_of(descriptor), data, count, length,
            NEXT(writev)(descriptor, data, count))
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    struct iovec data = {(void *)bytes, length};
    WRITING(descriptor, offset, &data, 1, (ssize_t)length,
            NEXT(pwrite)(descriptor, bytes, length, offset))
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
    struct iovec data = {(void *)bytes, length};
    WRITING(descriptor, offset, &data, 1, (ssize_t)length,
            NEXT(pwrite64)(descriptor, bytes, length, offset))
}

#define TRUNCATING(name, type)                                                               \
    int name(int descriptor, type length) {                                                  \
        pthread_mutex_lock(&lock);                                                           \
        uint64_t inode = inode_of(descriptor);                                               \
        if (inode) {                                                                         \
            struct record record = {.kind = TRUNCATE, .inode = inode, .length = length};     \
            append(record, NULL, NULL, 0);                                                   \
        }                                                                                    \
        int outcome = NEXT(name)(descriptor, length);                                        \
        if (inode)                                                                           \
            amend(outcome, 0);                                                               \
        pthread_mutex_unlock(&lock);                                                         \
        return outcome;                                                                      \
    }
TRUNCATING(ftruncate, off_t)
TRUNCATING(ftruncate64, off64_t)

int unlink(const char *path) {
    if (!is_below(path))
        return NEXT(unlink)(path);
    const char *name;
    struct stat found;
    pthread_mutex_lock(&lock);
    int was_there = lstat(path, &found) == 0;
    if (was_there) {
        struct record record = {.kind = UNLINK, .parent = parent_of(path, &name)};
        append(record, name, NULL, 0);
    }
    int outcome = NEXT(unlink)(path);
    if (was_there)
        amend(outcome, 0);
    if (was_there && outcome == 0)
        forget(found.st_ino);
    pthread_mutex_unlock(&lock);
    return outcome;
}

int rename(const char *from, const char *to) {
    if (!is_below(from) || !is_below(to))
        return NEXT(rename)(from, to);
    const char *name, *new_name;
    pthread_mutex_lock(&lock);
    struct record record = {.kind = RENAME, .parent = parent_of(from, &name)};
    record.inode = parent_of(to, &new_name);
    struct iovec data = {(void *)new_name, strlen(new_name)};
    append(record, name, &data, 1);
    int outcome = NEXT(rename)(from, to);
    amend(outcome, 0);
    pthread_mutex_unlock(&lock);
    return outcome;
}

int mkdir(const char *path, mode_t mode) {
    if (!is_below(path))
        return NEXT(mkdir)(path, mode);
    struct stat found;
    pthread_mutex_lock(&lock);
    int outcome = NEXT(mkdir)(path, mode);
    int saved = errno;
    if (outcome == 0 && stat(path, &found) == 0)
        created(path, found.st_ino, 1);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return outcome;
}

#define SYNCING(name)                                                                    \
    int name(int descriptor) {                                                           \
        pthread_mutex_lock(&lock);                                                       \
        uint64_t inode = inode_of(descriptor);                                           \
        uint64_t covered = records;                                                      \
        pthread_mutex_unlock(&lock);                                                     \
        int outcome = NEXT(name)(descriptor);                                            \
        if (inode && outcome == 0) {                                                     \
            struct record record = {.kind = SYNCED, .inode = inode, .offset = covered};  \
            pthread_mutex_lock(&lock);                                                   \
            append(record, NULL, NULL, 0);                                               \
            pthread_mutex_unlock(&lock);                                                 \
        }                                                                                \
        return outcome;                                                                  \
    }
SYNCING(fsync)
SYNCING(fdatasync)
