/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "via.h"

#define SYSFS_PCI "/sys/bus/pci"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0) {
		return -errno;
	}
	if (write(fd, text, strlen(text)) < 0) {
		err = -errno;
	}
	close(fd);
	return err;
}

bool pci_sysfs_driver(uint32_t sbdf, char name[DRIVER_NAME_SIZE])
{
	char path[64], target[256];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), SYSFS_PCI "/devices/" BDF_FMT "/driver", BDF_ARGS(sbdf));
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0) {
		return false;
	}
	target[n] = '\0';
	base = strrchr(target, '/');
	base = base != NULL ? base + 1 : target;
	if (strlen(base) >= DRIVER_NAME_SIZE) {
		return false;
	}
	memcpy(name, base, strlen(base) + 1);
	return true;
}

int pci_sysfs_unbind(uint32_t sbdf, const char *driver)
{
	char path[128], bdf[16];

	snprintf(path, sizeof(path), SYSFS_PCI "/drivers/%s/unbind", driver);
	return write_file(path, via_bdf_text(sbdf, bdf));
}

int pci_sysfs_probe(uint32_t sbdf)
{
	char bdf[16];

	return write_file(SYSFS_PCI "/drivers_probe", via_bdf_text(sbdf, bdf));
}

static bool leads_to(const char *link, const char *bdf)
{
	char real[PATH_MAX];

	return realpath(link, real) != NULL && strstr(real, bdf) != NULL;
}

/*
 * An NVMe namespace with multipath belongs to a subsystem, whose directory links to the controllers
 * it can be reached through. subsystem: a path somewhere below that directory, which is cut.
 */
static bool is_path_of(char *subsystem, const char *bdf)
{
	char *name = strstr(subsystem, "/nvme-subsys");
	char link[PATH_MAX + 256];
	const struct dirent *e;
	bool found = false;
	DIR *dir;

	name = name != NULL ? strstr(name + 1, "/nvme-subsys") : NULL;
	if (name == NULL) {
		return false;
	}
	name[1 + strcspn(name + 1, "/")] = '\0';
	dir = opendir(subsystem);
	if (dir == NULL) {
		return false;
	}
	while (!found && (e = readdir(dir)) != NULL) {
		snprintf(link, sizeof(link), "%s/%s", subsystem, e->d_name);
		found = e->d_type == DT_LNK && strncmp(e->d_name, "nvme", 4) == 0 &&
			leads_to(link, bdf);
	}
	closedir(dir);
	return found;
}

/* Where the block device's sysfs directory really is names the function it hangs on. */
static bool is_below(const char *block, const char *bdf)
{
	char link[128], real[PATH_MAX];

	if (snprintf(link, sizeof(link), "/sys/class/block/%s", block) >= (int)sizeof(link) ||
	    realpath(link, real) == NULL) {
		return false;
	}
	return strstr(real, bdf) != NULL || is_path_of(real, bdf);
}

bool pci_sysfs_mounted(uint32_t sbdf, char *what, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	const struct mntent *m;
	bool found = false;
	char bdf[16];

	if (mounts == NULL) {
		return false;
	}
	via_bdf_text(sbdf, bdf);
	while (!found && (m = getmntent(mounts)) != NULL) {
		if (strncmp(m->mnt_fsname, "/dev/", 5) == 0 && is_below(m->mnt_fsname + 5, bdf)) {
			snprintf(what, size, "%s is mounted on %s", m->mnt_fsname, m->mnt_dir);
			found = true;
		}
	}
	endmntent(mounts);
	return found;
}
