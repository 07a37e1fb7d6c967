/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ioctls of the drive's two nodes. SG_IO is passed on as it is, one command
 * for one call; the CDROM ioctls are answered from what the sr driver would
 * send for them. Those that nobody here was seen to use end in ENOTTY.
 */
#include "device_ioctl.h"

#include <errno.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <scsi/scsi.h>
#include <scsi/scsi_ioctl.h>
#include <scsi/sg.h>
#include <string.h>

#include "base/be.h"
#include "block_node.h"
#include "books.h"
#include "core/cdb.h"
#include "machine.h"
#include "person.h"

#define SG_VERSION 30527        /* scsi_ioctl.c: what a block device answers; sg itself says 30536 */
#define SG_MIN_TIMEOUT_MS 7000u /* blkdev.h: BLK_MIN_SG_TIMEOUT, on the block device alone */
#define SG_DEFAULT_TIMEOUT_MS 60000u
#define SG_DRIVER_SENSE 0x08
#define CDB_READ_CD 0xbe       /* MMC-6 6.19; the library has no use for it */
#define READAHEAD_BYTES 131072 /* the default of read_ahead_kb */
#define TOC_BYTES 804u         /* 100 tracks */
/* The part of scsi.h that names host bytes is the kernel's own. */
enum { DID_OK = 0, DID_NO_CONNECT = 1, DID_TIME_OUT = 3, DID_ERROR = 7, DID_RESET = 8 };

#define PUT(type, value)                                                                                     \
	do {                                                                                                 \
		*(type *)argument = (type)(value);                                                           \
		return 0;                                                                                    \
	} while (0)

/* ---- SG_IO ---- */

static uint8_t host_byte(uint8_t host)
{
	switch (host) {
	case RESPIN_HOST_OK:
		return DID_OK;
	case RESPIN_HOST_GONE:
		return DID_NO_CONNECT;
	case RESPIN_HOST_TIMEOUT:
		return DID_TIME_OUT;
	case RESPIN_HOST_RESET:
		return DID_RESET;
	default:
		return DID_ERROR;
	}
}

/* Where a READ begins and how many sectors it asks for; READ CD counts only where user data come alone. */
static bool reads_sectors(const struct sg_io_hdr *io, uint64_t *lba, uint64_t *count)
{
	const uint8_t *cdb = io->cmdp;
	*lba = be32(cdb + 2);
	switch (cdb[0]) {
	case CDB_READ_10:
		*count = be16(cdb + 7);
		return true;
	case CDB_READ_12:
		*count = be32(cdb + 6);
		return true;
	case CDB_READ_CD:
		*count = be24(cdb + 6);
		return io->dxfer_len == *count * SECTOR;
	default:
		return false;
	}
}

static void scatter(const struct sg_io_hdr *io, size_t len)
{
	const unsigned char *from = machine_buffer();
	if (!io->iovec_count) {
		memcpy(io->dxferp, from, len);
		return;
	}
	const struct sg_iovec *part = io->dxferp;
	for (unsigned i = 0; i < io->iovec_count && len; i++) {
		size_t n = part[i].iov_len < len ? part[i].iov_len : len;
		memcpy(part[i].iov_base, from, n);
		from += n;
		len -= n;
	}
}

static void answer(struct sg_io_hdr *io, const struct respin_command_reply *reply, bool incoming)
{
	io->status = reply->scsi_status;
	io->masked_status = reply->scsi_status >> 1 & 0x1f;
	io->msg_status = 0;
	io->host_status = host_byte(reply->host);
	io->driver_status = reply->sense_len ? SG_DRIVER_SENSE : 0;
	io->info = io->status || io->host_status || io->driver_status ? SG_INFO_CHECK : 0;
	io->resid = (int)reply->residual;
	io->duration = (unsigned)(reply->elapsed_ns / NS_PER_MS);
	io->sb_len_wr = reply->sense_len < io->mx_sb_len ? reply->sense_len : io->mx_sb_len;
	if (io->sb_len_wr && io->sbp)
		memcpy(io->sbp, reply->sense, io->sb_len_wr);
	uint64_t lba, count;
	if (incoming && (machine_payload() || !reads_sectors(io, &lba, &count)))
		scatter(io, io->dxfer_len);
}

static void note_read(const struct sg_io_hdr *io, uint64_t began_ns)
{
	uint64_t lba, count;
	if (!reads_sectors(io, &lba, &count))
		return;
	bool good = !io->status && !io->host_status;
	int64_t moved = (int64_t)io->dxfer_len - io->resid;
	books_read(machine_books(), began_ns, machine_now_ns(), lba * SECTOR, count * SECTOR,
		   good ? moved : -EIO);
}

static bool ask(struct respin_command *command)
{
	struct respin_command_reply reply;
	command->timeout_ms = 30000; /* sr.h: SR_TIMEOUT */
	machine_exec(command, &reply);
	return reply.host == RESPIN_HOST_OK && !reply.scsi_status;
}

/* A program that reads by SG_IO alone never opened the block device, which would have asked. */
static uint64_t ask_size(void)
{
	struct respin_command command = {0};
	struct cdb_capacity capacity;
	cdb_read_capacity(&command);
	if (!ask(&command) || !cdb_parse_capacity(machine_buffer(), command.data_len, &capacity))
		return 0;
	return (uint64_t)capacity.last_lba + 1;
}

static int sg_io(const struct device *device, struct sg_io_hdr *io)
{
	bool outgoing = io->dxfer_len && io->dxfer_direction == SG_DXFER_TO_DEV;
	bool incoming = io->dxfer_len && !outgoing && io->dxfer_direction != SG_DXFER_NONE;
	if (io->interface_id != 'S' || io->cmd_len > RESPIN_CDB_MAX)
		return -EINVAL;
	if (io->cmd_len < 6)
		return -EMSGSIZE;
	if (io->dxfer_len > machine_traits()->max_transfer_bytes)
		return -EIO;
	if (block_node_gone())
		return -ENODEV;

	struct respin_command command = {.cdb_len = io->cmd_len,
					 .data_in = incoming,
					 .data_len = incoming ? io->dxfer_len : 0,
					 .timeout_ms = io->timeout ? io->timeout : SG_DEFAULT_TIMEOUT_MS};
	struct respin_command_reply reply;
	if (device->kind == DEVICE_BLOCK && command.timeout_ms < SG_MIN_TIMEOUT_MS)
		command.timeout_ms = SG_MIN_TIMEOUT_MS;
	memcpy(command.cdb, io->cmdp, io->cmd_len);
	uint64_t lba, count;
	if (reads_sectors(io, &lba, &count) && !machine_books()->counts.sectors)
		machine_size(ask_size());
	uint64_t began = machine_now_ns();
	machine_exec(&command, &reply);
	if (reply.host == RESPIN_HOST_GONE)
		block_node_lost();
	answer(io, &reply, incoming);
	note_read(io, began);
	person_sees_time();
	return 0;
}

/* ---- sizes and CDROM ---- */

static bool read_toc(struct cdb_toc *toc)
{
	struct respin_command command = {0};
	cdb_read_toc(&command, 0, 0, TOC_BYTES);
	return ask(&command) && cdb_parse_toc(machine_buffer(), command.data_len, toc);
}

static int toc_header(struct cdrom_tochdr *header)
{
	struct cdb_toc toc;
	if (!read_toc(&toc))
		return -EIO;
	*header = (struct cdrom_tochdr){toc.first, toc.last};
	return 0;
}

static int toc_entry(struct cdrom_tocentry *entry)
{
	struct cdb_toc toc;
	if (!read_toc(&toc))
		return -EIO;
	for (unsigned i = 0; i < toc.count; i++) {
		if (toc.tracks[i].number != entry->cdte_track)
			continue;
		int lba = (int)toc.tracks[i].lba, frame = lba + CD_MSF_OFFSET;
		entry->cdte_adr = 1;
		entry->cdte_ctrl = toc.tracks[i].control & 0xfu;
		entry->cdte_datamode = 1;
		if (entry->cdte_format == CDROM_LBA)
			entry->cdte_addr.lba = lba;
		else
			entry->cdte_addr.msf = (struct cdrom_msf0){(uint8_t)(frame / CD_FRAMES / CD_SECS),
								   (uint8_t)(frame / CD_FRAMES % CD_SECS),
								   (uint8_t)(frame % CD_FRAMES)};
		return 0;
	}
	return -EINVAL;
}

static int drive_status(void)
{
	struct respin_command command = {0};
	cdb_test_unit_ready(&command);
	if (ask(&command))
		return CDS_DISC_OK;
	return block_node_ready() ? CDS_DRIVE_NOT_READY : CDS_NO_DISC;
}

static int start_stop(bool start, bool load)
{
	struct respin_command command = {0};
	cdb_start_stop(&command, start, load);
	return ask(&command) ? 0 : -EIO;
}

/* SET CD SPEED, MMC-6 6.38: times 177 kB/s, 0 as fast as it goes. */
static int select_speed(unsigned long times)
{
	struct respin_command command = {.cdb = {0xbb}, .cdb_len = 12};
	be16_put(command.cdb + 2, times ? (uint16_t)(times * 177) : 0xffff);
	return ask(&command) ? 0 : -EIO;
}

/* READ CD, MMC-6 6.19, of one raw sector, as the kernel's cdrom driver sends it: once. */
static int read_raw(struct cdrom_msf *at)
{
	int lba = (at->cdmsf_min0 * CD_SECS + at->cdmsf_sec0) * CD_FRAMES + at->cdmsf_frame0 - CD_MSF_OFFSET;
	struct respin_command command = {.cdb = {CDB_READ_CD, [8] = 1, [9] = 0xf8},
					 .cdb_len = 12,
					 .data_in = 1,
					 .data_len = CD_FRAMESIZE_RAW};
	uint64_t began = machine_now_ns();
	if (lba < 0)
		return -EINVAL;
	be32_put(command.cdb + 2, (uint32_t)lba);
	bool good = ask(&command);
	if (good && machine_payload())
		memcpy(at, machine_buffer(), CD_FRAMESIZE_RAW);
	books_read(machine_books(), began, machine_now_ns(), (uint64_t)lba * SECTOR, SECTOR,
		   good ? (int64_t)SECTOR : -EIO);
	person_sees_time();
	return good ? 0 : -EIO;
}

static int cdrom_ioctl(unsigned long request, void *argument)
{
	switch (request) {
	case CDROM_DRIVE_STATUS:
		return drive_status();
	case CDROM_DISC_STATUS:
		return CDS_DATA_1;
	case CDROM_GET_CAPABILITY:
		return CDC_OPEN_TRAY | CDC_CLOSE_TRAY | CDC_LOCK | CDC_SELECT_SPEED | CDC_MEDIA_CHANGED |
		       CDC_DVD | CDC_GENERIC_PACKET;
	case CDROM_MEDIA_CHANGED:
	case CDROM_LOCKDOOR:
	case CDROM_CLEAR_OPTIONS:
	case CDROM_SET_OPTIONS:
		return 0;
	case CDROM_SELECT_SPEED:
		return select_speed((unsigned long)argument);
	case CDROMREADTOCHDR:
		return toc_header(argument);
	case CDROMREADTOCENTRY:
		return toc_entry(argument);
	case CDROMMULTISESSION: {
		struct cdrom_multisession *last = argument;
		last->xa_flag = 0;
		last->addr.lba = 0;
		return 0;
	}
	case CDROMREADRAW:
		return read_raw(argument);
	case CDROM_LAST_WRITTEN:
		PUT(long, block_node_full_sectors());
	case CDROMRESET: /* for those with CAP_SYS_ADMIN */
		return -EACCES;
	case CDROMEJECT:
		return start_stop(false, true);
	case CDROMCLOSETRAY:
		return start_stop(true, true);
	default:
		return -ENOTTY;
	}
}

static int block_ioctl(unsigned long request, void *argument)
{
	switch (request) {
	case BLKGETSIZE64:
		PUT(uint64_t, block_node_sectors() * SECTOR);
	case BLKGETSIZE:
		PUT(unsigned long, block_node_sectors() * SECTOR / 512);
	case BLKSSZGET:
	case BLKPBSZGET:
	case BLKIOMIN:
		PUT(unsigned, SECTOR);
	case BLKBSZGET:
		PUT(int, block_node_full_sectors() % 2 ? 2048 : 4096);
	case BLKIOOPT:
	case BLKALIGNOFF:
		PUT(int, 0);
	case BLKROGET:
		PUT(int, 1);
	case BLKRAGET:
		PUT(long, READAHEAD_BYTES / 512);
	case BLKSECTGET:
		PUT(unsigned short, block_node_max_sectors() * (SECTOR / 512));
	case BLKFLSBUF:
	case BLKRASET:
		return 0;
	default:
		return cdrom_ioctl(request, argument);
	}
}

int drive_ioctl(struct device *device, unsigned long request, void *argument)
{
	switch (request) {
	case SG_IO:
		return sg_io(device, argument);
	case SG_GET_VERSION_NUM:
		PUT(int, SG_VERSION);
	case SG_GET_TIMEOUT:
		return (int)(device->sg_timeout_ms / 10); /* in jiffies of user space: USER_HZ is 100 */
	case SG_SET_TIMEOUT:
		device->sg_timeout_ms = (uint32_t)(*(int *)argument * 10);
		return 0;
	case SG_GET_RESERVED_SIZE:
		PUT(int, machine_traits()->max_transfer_bytes);
	case SG_SET_RESERVED_SIZE:
	case SG_SET_COMMAND_Q:
		return 0;
	case SG_GET_COMMAND_Q:
	case SG_EMULATED_HOST:
		PUT(int, request == SG_EMULATED_HOST);
	case SG_GET_SG_TABLESIZE:
		PUT(int, 128);
	case SG_GET_SCSI_ID: {
		struct sg_scsi_id *id = argument;
		*id = (struct sg_scsi_id){
			.scsi_type = CDB_DEVICE_TYPE_MMC, .h_cmd_per_lun = 1, .d_queue_depth = 1};
		return device->kind == DEVICE_SG ? 0 : -ENOTTY;
	}
	case SCSI_IOCTL_GET_IDLUN: {
		uint32_t *id = argument;
		id[0] = id[1] = 0;
		return 0;
	}
	case SCSI_IOCTL_GET_BUS_NUMBER:
		PUT(int, 0);
	default:
		return device->kind == DEVICE_BLOCK ? block_ioctl(request, argument) : -ENOTTY;
	}
}
