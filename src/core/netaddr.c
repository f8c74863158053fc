#include "netaddr.h"

#include <stdio.h>
#include <string.h>

#define IPV4_SIZE   4U
#define IPV6_SIZE   16U
#define GROUP_COUNT 8U

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const uint8_t bytes[IPV6_SIZE])
{
	return memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

struct netaddr csp_netaddr_from_bytes(enum netaddr_family family, const void *bytes)
{
	struct netaddr address = {.family = family};
	const uint8_t *from = bytes;

	if (family == NETADDR_IPV6 && is_mapped(from)) {
		address.family = NETADDR_IPV4;
		memcpy(address.bytes, from + sizeof(mapped_prefix), IPV4_SIZE);
	} else if (family != NETADDR_NONE) {
		memcpy(address.bytes, from, family == NETADDR_IPV4 ? IPV4_SIZE : IPV6_SIZE);
	}
	return address;
}

/* No leading zeros: some readers take them for octal. */
static bool parse_decimal(unsigned *out, struct span text, unsigned max)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 3 || (text.len > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!csp_ascii_is_digit(text.data[i]))
			return false;
		value = value * 10 + (unsigned)(text.data[i] - '0');
	}
	*out = value;
	return value <= max;
}

static bool parse_ipv4(uint8_t out[IPV4_SIZE], struct span text)
{
	for (size_t i = 0; i < IPV4_SIZE; i++) {
		struct span part;
		unsigned value;
		bool more = csp_span_split(&part, &text, text, '.');
		if (more != (i + 1 < IPV4_SIZE) || !parse_decimal(&value, part, 255))
			return false;
		out[i] = (uint8_t)value;
	}
	return true;
}

static bool parse_hex_group(uint8_t out[2], struct span text)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = csp_ascii_hex_value(text.data[i]);
		if (digit < 0)
			return false;
		value = value << 4 | (unsigned)digit;
	}
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return true;
}

/* Groups between colons; only the last one of an address may be an IPv4 address. */
static bool parse_groups(uint8_t out[IPV6_SIZE], size_t *len, struct span text, bool is_end)
{
	bool more = text.len > 0;

	*len = 0;
	while (more) {
		struct span part;
		more = csp_span_split(&part, &text, text, ':');
		if (!more && is_end && csp_span_find(part, '.') < part.len) {
			if (*len + IPV4_SIZE > IPV6_SIZE || !parse_ipv4(out + *len, part))
				return false;
			*len += IPV4_SIZE;
		} else {
			if (*len + 2 > IPV6_SIZE || !parse_hex_group(out + *len, part))
				return false;
			*len += 2;
		}
	}
	return true;
}

static size_t find_double_colon(struct span text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == ':' && text.data[i + 1] == ':')
			return i;
	}
	return text.len;
}

static bool parse_ipv6(uint8_t out[IPV6_SIZE], struct span text)
{
	uint8_t head[IPV6_SIZE];
	uint8_t tail[IPV6_SIZE];
	size_t head_len;
	size_t tail_len;
	size_t gap = find_double_colon(text);

	if (gap == text.len)
		return parse_groups(out, &head_len, text, true) && head_len == IPV6_SIZE;
	if (!parse_groups(head, &head_len, csp_span_slice(text, 0, gap), false) ||
	    !parse_groups(tail, &tail_len, csp_span_slice(text, gap + 2, text.len), true) ||
	    head_len + tail_len > IPV6_SIZE - 2)
		return false;
	memset(out, 0, IPV6_SIZE);
	memcpy(out, head, head_len);
	memcpy(out + IPV6_SIZE - tail_len, tail, tail_len);
	return true;
}

static enum netaddr_family parse_bytes(uint8_t out[IPV6_SIZE], struct span text)
{
	if (csp_span_find(text, ':') < text.len)
		return parse_ipv6(out, text) ? NETADDR_IPV6 : NETADDR_NONE;
	return parse_ipv4(out, text) ? NETADDR_IPV4 : NETADDR_NONE;
}

bool csp_netaddr_parse(struct netaddr *out, struct span text)
{
	uint8_t bytes[IPV6_SIZE] = {0};
	enum netaddr_family family = parse_bytes(bytes, text);

	*out = csp_netaddr_from_bytes(family, bytes);
	return family != NETADDR_NONE;
}

static unsigned group_at(const struct netaddr *address, size_t group)
{
	return (unsigned)address->bytes[2 * group] << 8 | address->bytes[2 * group + 1];
}

/* The run that RFC 5952 section 4.2 writes as "::": the longest of two or more, the first of equals. */
static size_t longest_zero_run(size_t *from, const struct netaddr *address)
{
	size_t best = 1;
	size_t run = 0;

	*from = GROUP_COUNT;
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		run = group_at(address, i) == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*from = i + 1 - run;
		}
	}
	return best;
}

static struct span format_ipv6(char out[NETADDR_TEXT_SIZE], const struct netaddr *address)
{
	size_t gap;
	size_t gap_len = longest_zero_run(&gap, address);
	size_t len = 0;

	for (size_t i = 0; i < GROUP_COUNT;) {
		if (i == gap) {
			out[len++] = ':';
			out[len++] = ':';
			i += gap_len;
			continue;
		}
		bool needs_colon = i > 0 && i != gap + gap_len;
		len += (size_t)snprintf(out + len, NETADDR_TEXT_SIZE - len, "%s%x",
					needs_colon ? ":" : "", group_at(address, i));
		i++;
	}
	return (struct span){out, len};
}

struct span csp_netaddr_format(char out[NETADDR_TEXT_SIZE], const struct netaddr *address)
{
	const uint8_t *b = address->bytes;

	if (address->family == NETADDR_NONE)
		return SPAN_LIT("");
	if (address->family == NETADDR_IPV6)
		return format_ipv6(out, address);
	int len = snprintf(out, NETADDR_TEXT_SIZE, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	return (struct span){out, (size_t)len};
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool host_bits_are_zero(const uint8_t *bytes, unsigned prefix, unsigned width)
{
	for (unsigned bit = prefix; bit < width; bit++) {
		if (bytes[bit / 8] & 0x80U >> bit % 8)
			return false;
	}
	return true;
}

bool csp_network_parse(struct network *out, struct span text)
{
	struct span address;
	struct span length;
	uint8_t bytes[IPV6_SIZE] = {0};
	bool has_length = csp_span_split(&address, &length, text, '/');
	enum netaddr_family family = parse_bytes(bytes, address);
	unsigned width = family == NETADDR_IPV4 ? 32 : 128;
	unsigned prefix = width;

	if (family == NETADDR_NONE || (has_length && !parse_decimal(&prefix, length, width)) ||
	    !host_bits_are_zero(bytes, prefix, width))
		return false;

	*out = (struct network){csp_netaddr_from_bytes(family, bytes), prefix};
	if (family == NETADDR_IPV6 && out->address.family == NETADDR_IPV4)
		out->prefix -= 96; /* cannot wrap: a mapped address has bits set up to the 96th */
	return true;
}

bool csp_network_holds(const struct network *network, const struct netaddr *address)
{
	return network->address.family != NETADDR_NONE &&
	       network->address.family == address->family &&
	       same_prefix(network->address.bytes, address->bytes, network->prefix);
}
