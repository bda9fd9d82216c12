/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet out and one in: questions by ARP, which QEMU's user network answers at once. The card is
 * the first one whose driver is igb.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "marker.h"

#define INTERFACES "/sys/class/net"
#define PACKETS 400
#define OUR_ADDRESS 0x0a00020fU /* 10.0.2.15 */
#define ITS_ADDRESS 0x0a000202U /* 10.0.2.2 */
#define LINK_SECONDS 30

static bool is_igb(const char *name)
{
	char path[300], driver[256];
	ssize_t size;

	snprintf(path, sizeof(path), INTERFACES "/%s/device/driver", name);
	size = readlink(path, driver, sizeof(driver) - 1);
	if (size < 0) {
		return false;
	}
	driver[size] = '\0';
	return strcmp(strrchr(driver, '/') != NULL ? strrchr(driver, '/') + 1 : driver, "igb") == 0;
}

static bool find_igb(char name[IFNAMSIZ])
{
	DIR *dir = opendir(INTERFACES);
	const struct dirent *e;
	bool found = false;

	while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
		found = strlen(e->d_name) < IFNAMSIZ && is_igb(e->d_name);
		if (found) {
			strcpy(name, e->d_name);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return found;
}

/* Switched on, and its link there; mac: its address. */
static int link_up(int fd, const char *name, uint8_t mac[ETH_ALEN])
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, name, strlen(name));
	if (ioctl(fd, SIOCGIFHWADDR, &r) != 0) {
		return -1;
	}
	memcpy(mac, r.ifr_hwaddr.sa_data, ETH_ALEN);
	if (ioctl(fd, SIOCGIFFLAGS, &r) != 0) {
		return -1;
	}
	r.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &r) != 0) {
		return -1;
	}
	for (int i = 0; i < LINK_SECONDS; i++) {
		if (ioctl(fd, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_RUNNING) != 0) {
			return 0;
		}
		sleep(1);
	}
	return -1;
}

static struct ether_arp question(const uint8_t mac[ETH_ALEN])
{
	uint32_t ours = htonl(OUR_ADDRESS), its = htonl(ITS_ADDRESS);
	struct ether_arp arp = {
		.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN,
			.ar_pln = sizeof(ours),
			.ar_op = htons(ARPOP_REQUEST),
		},
	};

	memcpy(arp.arp_sha, mac, ETH_ALEN);
	memcpy(arp.arp_spa, &ours, sizeof(ours));
	memcpy(arp.arp_tpa, &its, sizeof(its));
	return arp;
}

/* Waits for the answer to it. */
static int ask(int fd, const struct sockaddr_ll *to, const struct ether_arp *arp)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct ether_arp answer = { 0 };

	if (sendto(fd, arp, sizeof(*arp), 0, (const void *)to, sizeof(*to)) != sizeof(*arp)) {
		return -1;
	}
	do {
		if (poll(&p, 1, 10000) != 1 || recv(fd, &answer, sizeof(answer), 0) < 0) {
			return -1;
		}
	} while (answer.ea_hdr.ar_op != htons(ARPOP_REPLY));
	return 0;
}

int bench_net(const char *prefix)
{
	struct marker m = marker_name(prefix, "igb");
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_halen = ETH_ALEN
	};
	char name[IFNAMSIZ] = "";
	uint8_t mac[ETH_ALEN];
	struct ether_arp arp;
	int err = -1;

	memset(to.sll_addr, 0xff, ETH_ALEN);
	if (fd >= 0 && find_igb(name) && link_up(fd, name, mac) == 0) {
		to.sll_ifindex = (int)if_nametoindex(name);
		arp = question(mac);
		err = ask(fd, &to, &arp);
	}
	for (int i = 0; err == 0 && i < PACKETS; i++) {
		marker_begin(&m);
		err = ask(fd, &to, &arp);
		marker_end(&m, 1);
	}
	if (err != 0) {
		fprintf(stderr, "viaduct-bench: no igb, no link, or no answer %s: %m\n", name);
	}
	if (fd >= 0) {
		close(fd);
	}
	return err;
}
