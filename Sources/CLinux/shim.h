#pragma once
// What Swift's importer does not see of Linux: GNU-only functions, variadic functions and macros.
// Functions that can fail return a negative error number, so that errno is never read across a Swift call.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

extern int pthread_setname_np(pthread_t, const char *);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
extern long syscall(long, ...);

static inline int rondo_result(long result) { return result < 0 ? -errno : (int)result; }

static inline int rondo_open(const char *path, int flags, mode_t mode) { return rondo_result(open(path, flags, mode)); }

// The terminal.
static inline int rondo_window_size(int fd, struct winsize *size) { return rondo_result(ioctl(fd, TIOCGWINSZ, size)); }

// epoll. The user data is a number, never a pointer: a stale event can then be told from a fresh one.
static inline int rondo_epoll_create(void) { return rondo_result(epoll_create1(EPOLL_CLOEXEC)); }
static inline int rondo_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event;
  event.events = events;
  event.data.u64 = data;
  return rondo_result(epoll_ctl(epoll, operation, fd, &event));
}
static inline int rondo_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t nanoseconds) {
  // epoll_wait counts milliseconds; rounding up keeps a timer from firing early and from spinning.
  int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
  if (milliseconds > 3600000) milliseconds = 3600000;
  return rondo_result(epoll_wait(epoll, events, count, (int)milliseconds));
}
static inline uint64_t rondo_event_data(const struct epoll_event *events, int index) { return events[index].data.u64; }
static inline uint32_t rondo_event_mask(const struct epoll_event *events, int index) { return events[index].events; }
static inline int rondo_eventfd(void) { return rondo_result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

static inline int64_t rondo_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
static inline int64_t rondo_wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
static inline int64_t rondo_wall_ms(void) { return rondo_wall_us() / 1000; }

// Sockets. Addresses are host-order numbers.
static inline struct sockaddr_in rondo_address(uint32_t host, uint16_t port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}
static inline int rondo_socket(int type) {
  return rondo_result(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}
static inline int rondo_set_option(int fd, int level, int name, int value) {
  return rondo_result(setsockopt(fd, level, name, &value, sizeof value));
}
static inline int rondo_bind(int fd, uint32_t host, uint16_t port) {
  struct sockaddr_in address = rondo_address(host, port);
  return rondo_result(bind(fd, (struct sockaddr *)&address, sizeof address));
}
static inline int rondo_connect(int fd, uint32_t host, uint16_t port) {
  struct sockaddr_in address = rondo_address(host, port);
  return rondo_result(connect(fd, (struct sockaddr *)&address, sizeof address));
}
static inline int rondo_local_address(int fd, uint32_t *host, uint16_t *port) {
  struct sockaddr_in address = rondo_address(0, 0);
  socklen_t length = sizeof address;
  int result = rondo_result(getsockname(fd, (struct sockaddr *)&address, &length));
  *host = ntohl(address.sin_addr.s_addr);
  *port = ntohs(address.sin_port);
  return result;
}
extern int accept4(int, struct sockaddr *_Nullable, socklen_t *_Nullable, int);
// The broadcast addresses of the interfaces that are up, of the one with `host` only unless that is 0; loopback has one
// by its mask (127.255.255.255), though Linux gives it none. Returns how many there are, `most` at most.
static inline int rondo_broadcast_addresses(uint32_t host, uint32_t *out, int most) {
  struct ifaddrs *_Nullable all = NULL;
  int result = rondo_result(getifaddrs(&all));
  if (result < 0) return result;
  int count = 0;
  for (struct ifaddrs *_Nullable one = all; one && count < most; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || !one->ifa_netmask || !(one->ifa_flags & IFF_UP))
      continue;
    if (!(one->ifa_flags & (IFF_BROADCAST | IFF_LOOPBACK))) continue;
    uint32_t own = ntohl(((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr);
    uint32_t mask = ntohl(((struct sockaddr_in *)one->ifa_netmask)->sin_addr.s_addr);
    // Every address below 127.0.0.0/8 is loopback's, whether or not it is written down.
    int is_own = one->ifa_flags & IFF_LOOPBACK ? (host & mask) == (own & mask) : host == own;
    if (host != 0 && !is_own) continue;
    uint32_t broadcast = own | ~mask;
    int is_known = 0;
    for (int index = 0; index < count; index++) is_known |= out[index] == broadcast;
    if (!is_known) out[count++] = broadcast;
  }
  freeifaddrs(all);
  return count;
}

// The index of the interface that has `host`; addresses below 127.0.0.0/8 are loopback's.
static inline int rondo_interface_of(uint32_t host) {
  struct ifaddrs *_Nullable all = NULL;
  int result = rondo_result(getifaddrs(&all));
  if (result < 0) return result;
  result = -EADDRNOTAVAIL;
  for (struct ifaddrs *_Nullable one = all; one && result < 0; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET) continue;
    uint32_t own = ntohl(((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr);
    if (own == host || (one->ifa_flags & IFF_LOOPBACK && host >> 24 == 127)) result = (int)if_nametoindex(one->ifa_name);
  }
  freeifaddrs(all);
  return result;
}
// Puts an address on an interface for so many seconds, or renews it; 0 takes it off.
static inline int rondo_change_address(int interface, uint32_t host, uint8_t prefix, uint32_t seconds) {
  struct {
    struct nlmsghdr head;
    struct ifaddrmsg body;
    char attributes[64];
  } request;
  memset(&request, 0, sizeof request);
  request.head.nlmsg_type = seconds ? RTM_NEWADDR : RTM_DELADDR;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (seconds ? NLM_F_CREATE | NLM_F_REPLACE : 0);
  request.body.ifa_family = AF_INET;
  request.body.ifa_prefixlen = prefix;
  request.body.ifa_index = (uint32_t)interface;
  size_t length = NLMSG_LENGTH(sizeof request.body);
  uint32_t address = htonl(host);
  for (int kind = IFA_ADDRESS; kind <= IFA_LOCAL; kind++) {
    struct rtattr *attribute = (struct rtattr *)((char *)&request + NLMSG_ALIGN(length));
    attribute->rta_type = (unsigned short)kind;
    attribute->rta_len = RTA_LENGTH(sizeof address);
    memcpy(RTA_DATA(attribute), &address, sizeof address);
    length = NLMSG_ALIGN(length) + attribute->rta_len;
  }
  if (seconds) {
    struct ifa_cacheinfo lifetime = {.ifa_prefered = seconds, .ifa_valid = seconds};
    struct rtattr *attribute = (struct rtattr *)((char *)&request + NLMSG_ALIGN(length));
    attribute->rta_type = IFA_CACHEINFO;
    attribute->rta_len = RTA_LENGTH(sizeof lifetime);
    memcpy(RTA_DATA(attribute), &lifetime, sizeof lifetime);
    length = NLMSG_ALIGN(length) + attribute->rta_len;
  }
  request.head.nlmsg_len = (uint32_t)length;
  int fd = rondo_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (fd < 0) return fd;
  // The kernel has answered when send returns.
  int result = rondo_result(send(fd, &request, length, 0));
  if (result >= 0) {
    struct {
      struct nlmsghdr head;
      struct nlmsgerr body;
      char rest[256];
    } answer;
    result = rondo_result(recv(fd, &answer, sizeof answer, MSG_DONTWAIT));
    if (result >= 0) result = answer.head.nlmsg_type == NLMSG_ERROR ? answer.body.error : -EPROTO;
  }
  close(fd);
  return result;
}
// Sends an ARP announcement of an address: a question for it in its own name (RFC 5227, 2.3). Interfaces without ARP
// need none.
static inline int rondo_announce(int interface, uint32_t host) {
  int fd = rondo_result(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  struct ifreq request;
  memset(&request, 0, sizeof request);
  int result = if_indextoname((unsigned)interface, request.ifr_name) ? 0 : -ENODEV;
  if (result >= 0) result = rondo_result(ioctl(fd, SIOCGIFHWADDR, &request));
  if (result >= 0 && request.ifr_hwaddr.sa_family == ARPHRD_ETHER) {
    struct {
      struct ether_header head;
      struct ether_arp body;
    } __attribute__((packed)) frame;
    memset(&frame, 0, sizeof frame);
    memset(frame.head.ether_dhost, 0xff, ETH_ALEN);
    memcpy(frame.head.ether_shost, request.ifr_hwaddr.sa_data, ETH_ALEN);
    frame.head.ether_type = htons(ETHERTYPE_ARP);
    frame.body.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
    frame.body.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
    frame.body.ea_hdr.ar_hln = ETH_ALEN;
    frame.body.ea_hdr.ar_pln = 4;
    frame.body.ea_hdr.ar_op = htons(ARPOP_REQUEST);
    uint32_t address = htonl(host);
    memcpy(frame.body.arp_sha, request.ifr_hwaddr.sa_data, ETH_ALEN);
    memcpy(frame.body.arp_spa, &address, 4);
    memcpy(frame.body.arp_tpa, &address, 4);
    struct sockaddr_ll to;
    memset(&to, 0, sizeof to);
    to.sll_family = AF_PACKET;
    to.sll_ifindex = interface;
    to.sll_halen = ETH_ALEN;
    memset(to.sll_addr, 0xff, ETH_ALEN);
    result = rondo_result(sendto(fd, &frame, sizeof frame, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to));
  }
  close(fd);
  return result < 0 ? result : 0;
}

static inline int rondo_accept(int fd, uint32_t *host, uint16_t *port) {
  struct sockaddr_in address = rondo_address(0, 0);
  socklen_t length = sizeof address;
  int result = rondo_result(accept4(fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  *host = ntohl(address.sin_addr.s_addr);
  *port = ntohs(address.sin_port);
  return result;
}
static inline int rondo_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}
static inline int rondo_receive(int fd, void *buffer, size_t count) { return rondo_result(recv(fd, buffer, count, 0)); }
// `more`: the rest of what belongs together comes at once.
static inline int rondo_send(int fd, const void *buffer, size_t count, int more) {
  return rondo_result(send(fd, buffer, count, MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}
static inline int rondo_send_file(int fd, int file, int64_t offset, size_t count) {
  off_t place = offset;
  return rondo_result(sendfile(fd, file, &place, count));
}
// Bytes that the other end has not acknowledged yet (tcp(7), SIOCOUTQ).
static inline int rondo_queued(int fd) {
  int count = 0;
  return ioctl(fd, TIOCOUTQ, &count) < 0 ? 0 : count;
}
static inline int rondo_is_writable(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&one, 1, 0) > 0;
}
// Throws received bytes away inside the kernel (tcp(7), MSG_TRUNC).
static inline int rondo_discard(int fd, size_t count) { return rondo_result(recv(fd, NULL, count, MSG_TRUNC)); }

struct rondo_mmsghdr {
  struct msghdr header;
  unsigned int length;
};
extern int recvmmsg(int, struct rondo_mmsghdr *, unsigned int, int, struct timespec *_Nullable) __asm__("recvmmsg");
#define RONDO_DATAGRAMS 32
// Takes up to 32 datagrams of at most `size` bytes each from a non-blocking socket into `buffer`, 32 slots of `size`.
// A longer one gets the length -1.
static inline int rondo_receive_datagrams(
    int fd, void *buffer, size_t size, int32_t *lengths, uint32_t *hosts, uint16_t *ports) {
  struct rondo_mmsghdr messages[RONDO_DATAGRAMS];
  struct iovec vectors[RONDO_DATAGRAMS];
  struct sockaddr_in senders[RONDO_DATAGRAMS];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < RONDO_DATAGRAMS; i++) {
    vectors[i].iov_base = (char *)buffer + (size_t)i * size;
    vectors[i].iov_len = size;
    messages[i].header.msg_iov = &vectors[i];
    messages[i].header.msg_iovlen = 1;
    messages[i].header.msg_name = &senders[i];
    messages[i].header.msg_namelen = sizeof senders[i];
  }
  int count = rondo_result(recvmmsg(fd, messages, RONDO_DATAGRAMS, MSG_DONTWAIT, NULL));
  for (int i = 0; i < count; i++) {
    lengths[i] = messages[i].header.msg_flags & MSG_TRUNC ? -1 : (int32_t)messages[i].length;
    hosts[i] = ntohl(senders[i].sin_addr.s_addr);
    ports[i] = ntohs(senders[i].sin_port);
  }
  return count;
}
static inline int rondo_send_datagram(int fd, const void *buffer, size_t count, uint32_t host, uint16_t port) {
  struct sockaddr_in address = rondo_address(host, port);
  const struct sockaddr *to = (struct sockaddr *)&address;
  return rondo_result(sendto(fd, buffer, count, MSG_NOSIGNAL | MSG_DONTWAIT, to, sizeof address));
}
// Sends `count` datagrams, at most 32, which stand one behind the other in `buffer`. One that the kernel does not take is
// lost, as datagrams may be, and the others go on.
extern int sendmmsg(int, struct rondo_mmsghdr *, unsigned int, int) __asm__("sendmmsg");
static inline void rondo_send_datagrams(
    int fd, const void *buffer, int count, const int32_t *lengths, const uint32_t *hosts, const uint16_t *ports) {
  struct rondo_mmsghdr messages[RONDO_DATAGRAMS];
  struct iovec vectors[RONDO_DATAGRAMS];
  struct sockaddr_in receivers[RONDO_DATAGRAMS];
  const char *next = buffer;
  memset(messages, 0, (size_t)count * sizeof messages[0]);
  for (int i = 0; i < count; i++) {
    vectors[i].iov_base = (void *)next;
    vectors[i].iov_len = (size_t)lengths[i];
    next += lengths[i];
    receivers[i] = rondo_address(hosts[i], ports[i]);
    messages[i].header.msg_iov = &vectors[i];
    messages[i].header.msg_iovlen = 1;
    messages[i].header.msg_name = &receivers[i];
    messages[i].header.msg_namelen = sizeof receivers[i];
  }
  for (int sent = 0; sent < count;) {
    int result = sendmmsg(fd, messages + sent, (unsigned)(count - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (result < 0 && errno == EAGAIN) return;
    if (result < 0 && errno == EINTR) continue;
    sent += result > 0 ? result : 1;
  }
}

// Processes.
static inline int rondo_pipe(int *ends) {
  extern int pipe2(int *, int);
  return rondo_result(pipe2(ends, O_CLOEXEC));
}
static inline int rondo_set_nonblocking(int fd) { return rondo_result(fcntl(fd, F_SETFL, O_NONBLOCK)); }
static inline int rondo_on_signal(int number, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  return rondo_result(sigaction(number, &action, NULL));
}
static inline int rondo_pidfd_open(pid_t process) { return rondo_result(syscall(SYS_pidfd_open, process, 0)); }
// CLONE_NEWNS and CLONE_NEWNET, which need _GNU_SOURCE: this thread, and the children that it starts, get a network and
// mounts of their own.
extern int unshare(int);
static inline int rondo_unshare_network(void) { return rondo_result(unshare(0x00020000 | 0x40000000)); }
static inline int rondo_die_with_parent(int signal) { return rondo_result(prctl(PR_SET_PDEATHSIG, signal)); }
static inline int rondo_set_limit(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit limit;
  limit.rlim_cur = soft;
  limit.rlim_max = hard;
  return rondo_result(setrlimit((__rlimit_resource_t)resource, &limit));
}
static inline int rondo_raise_open_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  limit.rlim_cur = limit.rlim_max;
  return rondo_result(setrlimit(RLIMIT_NOFILE, &limit));
}
static inline int rondo_exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
static inline int rondo_exit_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

// Files. O_TMPFILE needs _GNU_SOURCE, and a directory entry's name is an array inside it.
static const int rondo_nameless_file = 020000000 | O_DIRECTORY;
// Reads what is in memory already, and waits for no disk: -EAGAIN where it would have to.
extern ssize_t preadv2(int, const struct iovec *, int, off_t, int);
static inline int rondo_read_cached(int fd, void *buffer, size_t count, int64_t offset) {
  struct iovec vector = {.iov_base = buffer, .iov_len = count};
  return rondo_result(preadv2(fd, &vector, 1, offset, 8));  // RWF_NOWAIT
}
// A file without a name, in memory alone, and its seal: no byte of it can change any more (memfd_create(2), fcntl(2)).
static inline int rondo_memory_file(void) {
  return rondo_result(syscall(SYS_memfd_create, "rondo", 3));  // MFD_CLOEXEC | MFD_ALLOW_SEALING
}
static inline int rondo_seal(int fd) {
  return rondo_result(fcntl(fd, 1024 + 9, 1 | 2 | 4 | 8));  // F_ADD_SEALS: SEAL, SHRINK, GROW, WRITE
}
static inline const char *rondo_entry_name(const struct dirent *entry) { return entry->d_name; }

#pragma clang assume_nonnull end
