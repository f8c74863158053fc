/*
 * IP addresses and networks as values (RFC 4632, RFC 4291).
 * They own nothing.
 * Parsing gives false for anything but one address, or one address with an optional prefix length.
 */
#ifndef CSP_NETADDR_H
#define CSP_NETADDR_H

#include <stdint.h>

#include "span.h"

enum netaddr_family {
	NETADDR_NONE,
	NETADDR_IPV4,
	NETADDR_IPV6
}; /* NONE: a unix socket, or unknown */

struct netaddr {
	enum netaddr_family family;
	uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
};

struct network {
	struct netaddr address;
	unsigned prefix; /* bits */
};

#define NETADDR_TEXT_SIZE 46

struct netaddr csp_netaddr_from_bytes(enum netaddr_family family,
				      const void *bytes); /* IPv4-mapped IPv6 gives IPv4 */
bool csp_netaddr_parse(struct netaddr *out, struct span text);
struct span csp_netaddr_format(char out[NETADDR_TEXT_SIZE],
			       const struct netaddr *address); /* empty for NONE */
bool csp_network_parse(struct network *out, struct span text); /* host bits must be zero */
bool csp_network_holds(const struct network *network, const struct netaddr *address);

#endif
