/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of PCI configuration space. Section numbers are of PCI Express Base 6.0. */
#ifndef PCI_PCI_CONFIG_H
#define PCI_PCI_CONFIG_H

#define PCI_CONFIG_SIZE     256U
#define PCI_EXT_CONFIG_SIZE 4096U

/* Common header, 7.5.1.1 */
#define PCI_VENDOR_ID       0x00
#define PCI_DEVICE_ID       0x02
#define PCI_COMMAND         0x04 /* 7.5.1.1.3 */
#define PCI_COMMAND_IO      0x0001
#define PCI_COMMAND_MEMORY  0x0002
#define PCI_COMMAND_MASTER  0x0004
#define PCI_COMMAND_SERR    0x0100
#define PCI_COMMAND_INTX_OFF 0x0400
#define PCI_STATUS          0x06 /* 7.5.1.1.4 */
#define PCI_STATUS_INTERRUPT 0x0008
#define PCI_STATUS_CAP_LIST 0x0010
#define PCI_REVISION        0x08
#define PCI_CACHE_LINE      0x0c
#define PCI_LATENCY         0x0d
#define PCI_HEADER_TYPE     0x0e
#define PCI_HEADER_LAYOUT   0x7f
#define PCI_HEADER_MULTI    0x80
#define PCI_BAR0            0x10 /* 7.5.1.2.1 */
#define PCI_BAR_IO          0x1U
#define PCI_BAR_TYPE        0x6U
#define PCI_BAR_TYPE_32     0x0U
#define PCI_BAR_TYPE_64     0x4U
#define PCI_BAR_PREFETCH    0x8U
#define PCI_BAR_IO_FLAGS    0x3U
#define PCI_BAR_MEM_FLAGS   0xfU
#define PCI_CAP_POINTER     0x34
#define PCI_INTERRUPT_LINE  0x3c
#define PCI_INTERRUPT_PIN   0x3d

/* What a vendor ID reads as when nothing answers, and while a function says "retry" (2.3.2) */
#define PCI_VENDOR_NONE     0xffff
#define PCI_VENDOR_RETRY    0x0001

/* Type 0 header, 7.5.1.2 */
#define PCI_SUBSYSTEM_VENDOR 0x2c
#define PCI_SUBSYSTEM_ID    0x2e
#define PCI_ROM             0x30
#define PCI_ROM_ADDRESS     0xfffff800U

/* Type 1 header, 7.5.1.3 */
#define PCI_PRIMARY_BUS     0x18
#define PCI_SECONDARY_BUS   0x19
#define PCI_SUBORDINATE_BUS 0x1a
#define PCI_IO_BASE         0x1c
#define PCI_IO_LIMIT        0x1d
#define PCI_MEM_BASE        0x20
#define PCI_MEM_LIMIT       0x22
#define PCI_PREF_BASE       0x24
#define PCI_PREF_LIMIT      0x26
#define PCI_PREF_TYPE       0xfU
#define PCI_PREF_TYPE_64    0x1U
#define PCI_PREF_BASE_UPPER 0x28
#define PCI_PREF_LIMIT_UPPER 0x2c
#define PCI_IO_BASE_UPPER   0x30
#define PCI_IO_LIMIT_UPPER  0x32
#define PCI_BRIDGE_ROM      0x38
#define PCI_BRIDGE_CONTROL  0x3e /* 7.5.1.3.13 */
#define PCI_BRIDGE_CONTROL_SERR  0x0002
#define PCI_BRIDGE_CONTROL_RESET 0x0040

/* Capability list, 7.5.1.1.11; extended, 7.6.3 */
#define PCI_CAP_FIRST       0x40U
#define PCI_CAP_PM          0x01
#define PCI_CAP_VPD         0x03
#define PCI_CAP_MSI         0x05
#define PCI_CAP_EXPRESS     0x10
#define PCI_CAP_MSIX        0x11
#define PCI_CAP_AF          0x13
#define PCI_EXT_CAP_FIRST   0x100U
#define PCI_EXT_CAP_AER     0x0001
#define PCI_EXT_CAP_DSN     0x0003
#define PCI_EXT_CAP_ACS     0x000d
#define PCI_EXT_CAP_ARI     0x000e
#define PCI_EXT_CAP_SRIOV   0x0010
#define PCI_EXT_CAP_DPC     0x001d

/* Power management, 7.5.2 */
#define PCI_PM_CONTROL      0x04
#define PCI_PM_STATE        0x0003
#define PCI_PM_D0           0x0
#define PCI_PM_D3HOT        0x3
#define PCI_PM_NO_SOFT_RESET 0x0008

/* MSI, 7.7.1 */
#define PCI_MSI_CONTROL     0x02
#define PCI_MSI_ENABLE      0x0001
#define PCI_MSI_64BIT       0x0080
#define PCI_MSI_MASKABLE    0x0100

/* MSI-X, 7.7.2 */
#define PCI_MSIX_CONTROL    0x02
#define PCI_MSIX_SIZE       0x07ff
#define PCI_MSIX_MASK_ALL   0x4000
#define PCI_MSIX_ENABLE     0x8000
#define PCI_MSIX_TABLE      0x04
#define PCI_MSIX_PBA        0x08
#define PCI_MSIX_BIR        0x7U
#define PCI_MSIX_ENTRY_SIZE 16U

/* PCI Express, 7.5.3 */
#define PCI_EXP_FLAGS       0x02
#define PCI_EXP_FLAGS_SLOT  0x0100
#define PCI_EXP_TYPE_ENDPOINT   0x0
#define PCI_EXP_TYPE_LEGACY     0x1
#define PCI_EXP_TYPE_ROOT_PORT  0x4
#define PCI_EXP_TYPE_UPSTREAM   0x5
#define PCI_EXP_TYPE_DOWNSTREAM 0x6
#define PCI_EXP_TYPE_PCI_BRIDGE 0x7 /* PCI Express to PCI */
#define PCI_EXP_TYPE_TO_EXPRESS 0x8 /* PCI to PCI Express */
#define PCI_EXP_TYPE_INTEGRATED 0x9
#define PCI_EXP_TYPE_EVENT      0xa
#define PCI_EXP_DEVCAP      0x04
#define PCI_EXP_DEVCAP_FLR  0x10000000U
#define PCI_EXP_DEVCTL      0x08
#define PCI_EXP_DEVCTL_CERE  0x0001 /* report: correctable errors */
#define PCI_EXP_DEVCTL_NFERE 0x0002 /* non-fatal ones */
#define PCI_EXP_DEVCTL_FERE  0x0004 /* fatal ones */
#define PCI_EXP_DEVCTL_URRE  0x0008 /* unsupported requests */
#define PCI_EXP_DEVCTL_MPS  0x00e0
#define PCI_EXP_DEVCTL_FLR  0x8000 /* bridges: configuration retry enable */
#define PCI_EXP_DEVSTA      0x0a
#define PCI_EXP_DEVSTA_NFED  0x0002
#define PCI_EXP_DEVSTA_FED   0x0004
#define PCI_EXP_DEVSTA_ERRORS 0x000f
#define PCI_EXP_DEVSTA_PENDING 0x0020
#define PCI_EXP_LNKCAP      0x0c
#define PCI_EXP_LNKCAP_ACTIVE 0x00100000U /* data link layer link active reporting */
#define PCI_EXP_LNKCTL      0x10
#define PCI_EXP_LNKSTA      0x12
#define PCI_EXP_LNKSTA_ACTIVE 0x2000
#define PCI_EXP_SLTCAP      0x14
#define PCI_EXP_SLTCAP_HOTPLUG 0x00000040U
#define PCI_EXP_SLTCAP_POWER   0x00000002U /* it has a power controller */
#define PCI_EXP_SLTCAP_SILENT  0x00040000U /* no command completed events */
#define PCI_EXP_SLTCTL      0x18
#define PCI_EXP_SLTCTL_ATTENTION_OFF 0x00c0U
#define PCI_EXP_SLTCTL_ON    0x0100U /* power indicator */
#define PCI_EXP_SLTCTL_BLINK 0x0200U
#define PCI_EXP_SLTCTL_OFF   0x0300U
#define PCI_EXP_SLTCTL_POWER_OFF 0x0400U
#define PCI_EXP_SLTSTA      0x1a
#define PCI_EXP_SLTSTA_BUTTON   0x0001U
#define PCI_EXP_SLTSTA_FAULT    0x0002U
#define PCI_EXP_SLTSTA_CHANGED  0x0008U /* presence */
#define PCI_EXP_SLTSTA_COMPLETE 0x0010U
#define PCI_EXP_SLTSTA_PRESENT  0x0040U
#define PCI_EXP_SLTSTA_LINK     0x0100U
#define PCI_EXP_SLTSTA_EVENTS   0x011fU /* all that clear by writing 1 */
#define PCI_EXP_ROOTCTL     0x1c
#define PCI_EXP_ROOTCTL_SYSTEM 0x0007 /* system error on correctable, non-fatal, fatal */
#define PCI_EXP_ROOTCTL_CRS 0x0010
#define PCI_EXP_ROOTCAP     0x1e
#define PCI_EXP_ROOTCAP_CRS 0x0001
#define PCI_EXP_DEVCAP2     0x24
#define PCI_EXP_DEVCAP2_ARI 0x00000020
#define PCI_EXP_DEVCTL2     0x28
#define PCI_EXP_DEVCTL2_ARI 0x0020

/* Advanced features (ECN to PCI 3.0) */
#define PCI_AF_CAP          0x03
#define PCI_AF_CAP_TP       0x01
#define PCI_AF_CAP_FLR      0x02
#define PCI_AF_CONTROL      0x04
#define PCI_AF_CONTROL_FLR  0x01
#define PCI_AF_STATUS       0x05
#define PCI_AF_STATUS_TP    0x01

/* Advanced error reporting, 7.8.4 */
#define PCI_AER_UNCOR_STATUS 0x04
#define PCI_AER_UNCOR_MASK  0x08
#define PCI_AER_UNCOR_SURPRISE_DOWN 0x00000020U
#define PCI_AER_UNCOR_UR    0x00100000U
#define PCI_AER_UNCOR_SEVERITY 0x0c
#define PCI_AER_COR_STATUS  0x10
#define PCI_AER_COR_MASK    0x14
#define PCI_AER_CONTROL     0x18
#define PCI_AER_ROOT_COMMAND 0x2c /* root ports */
#define PCI_AER_ROOT_STATUS 0x30
#define PCI_AER_ROOT_COR    0x01U
#define PCI_AER_ROOT_UNCOR  0x04U
#define PCI_AER_ROOT_UNCOR_MULTI 0x08U
#define PCI_AER_ROOT_FATAL  0x40U
#define PCI_AER_ROOT_ALL    0x7fU
#define PCI_AER_SOURCE      0x34
#define PCI_AER_ROOT_SIZE   0x38

/* Downstream Port Containment (7.9.14) */
#define PCI_DPC_CONTROL     0x06

/* Access control services, 7.7.11 */
#define PCI_ACS_CAP         0x04
#define PCI_ACS_CONTROL     0x06
#define PCI_ACS_SV          0x0001 /* source validation */
#define PCI_ACS_RR          0x0004 /* peer-to-peer request redirect */
#define PCI_ACS_CR          0x0008 /* peer-to-peer completion redirect */
#define PCI_ACS_UF          0x0010 /* upstream forwarding */

/* Single root I/O virtualisation, 9.3.3 */
#define PCI_SRIOV_CONTROL   0x08
#define PCI_SRIOV_CONTROL_VFE 0x0001
#define PCI_SRIOV_CONTROL_MSE 0x0008
#define PCI_SRIOV_CONTROL_ARI 0x0010 /* ARI capable hierarchy */
#define PCI_SRIOV_TOTAL     0x0e
#define PCI_SRIOV_NUM       0x10
#define PCI_SRIOV_FIRST     0x14
#define PCI_SRIOV_STRIDE    0x16
#define PCI_SRIOV_VF_DEVICE 0x1a
#define PCI_SRIOV_PAGES_SUPPORTED 0x1c
#define PCI_SRIOV_PAGE_SIZE 0x20
#define PCI_SRIOV_BAR0      0x24

#endif
