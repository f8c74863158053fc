#include "conf_check.h"

#include <string.h>
#include <sys/un.h>

#include "log.h"
#include "netaddr.h"

static bool refuse(const struct schema_place *place, struct span text, const char *why)
{
	char quote[CONF_QUOTE_SIZE];

	csp_schema_error(place, "'%s' %s", csp_conf_quote(quote, text), why);
	return false;
}

static const char *pattern_shape_error(struct span text)
{
	if (csp_span_find(text, '@') < text.len)
		return "is an address: a domain alone is needed, without the '@'";
	if (csp_span_starts_with(text, SPAN_LIT("*.")))
		return "is no domain: sub-domains are written with a leading dot, '.example.com'";
	if (csp_span_find(text, '/') < text.len)
		return "is no domain: 'example.com' is the domain itself, '.example.com' its "
		       "sub-domains";
	return NULL;
}

bool csp_check_domain_pattern(const struct schema_place *place, struct span *text)
{
	struct arena *arena = csp_schema_reader(place)->arena;
	bool dot = csp_span_starts_with(*text, SPAN_LIT("."));
	struct span domain = csp_span_slice(*text, dot, text->len);
	const char *why = pattern_shape_error(*text);

	if (why)
		return refuse(place, *text, why);
	enum mailbox_result result = csp_domain_canonical(&domain, arena, domain);
	if (result == MAILBOX_NO_MEMORY)
		return csp_schema_no_memory(place);
	if (result != MAILBOX_OK || domain.data[0] == '[')
		return refuse(place, *text, "is no domain name");
	if (dot && csp_span_find(domain, '.') == domain.len)
		return refuse(place, *text, "would take in every domain of a top-level domain");
	if (!dot) {
		*text = domain;
		return true;
	}
	char *pattern = csp_arena_alloc(arena, domain.len + 2, 1);
	if (!pattern)
		return csp_schema_no_memory(place);
	pattern[0] = '.';
	memcpy(pattern + 1, domain.data, domain.len);
	*text = (struct span){pattern, domain.len + 1};
	return true;
}

bool csp_check_domain(const struct schema_place *place, struct span *text)
{
	if (csp_span_starts_with(*text, SPAN_LIT(".")))
		return refuse(place, *text, "begins with a dot: the domain itself is needed");
	return csp_check_domain_pattern(place, text);
}

bool csp_check_sender(struct mailbox *out, const struct schema_place *place, struct span text)
{
	struct arena *arena = csp_schema_reader(place)->arena;
	bool whole_domain = csp_span_starts_with(text, SPAN_LIT("@"));
	enum mailbox_result result;

	*out = (struct mailbox){{"", 0}, {"", 0}};
	if (whole_domain)
		result = csp_domain_canonical(&out->domain, arena,
					      csp_span_slice(text, 1, text.len));
	else
		result = csp_mailbox_parse(out, arena, text);
	if (result == MAILBOX_NO_MEMORY)
		return csp_schema_no_memory(place);
	if (result != MAILBOX_OK)
		return refuse(place, text,
			      "is no address: 'name@example.com', or '@example.com' for all of a "
			      "domain");
	return true;
}

static bool is_field_name(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 33 || text.data[i] > 126 || text.data[i] == ':')
			return false;
	return text.len > 0;
}

bool csp_check_field_name(const struct schema_place *place, struct span *text)
{
	return is_field_name(*text) ||
	       refuse(place, *text, "is no name of a header field: printable ASCII, without ':'");
}

/* Copies of this field that come in are deleted, so it must be none that mail is made of. */
bool csp_check_flag_header(const struct schema_place *place, struct span *text)
{
	bool ours =
		csp_span_equal_nocase(csp_span_slice(*text, 0, 2), SPAN_LIT("X-")) && text->len > 2;

	if (!csp_check_field_name(place, text))
		return false;
	return ours || refuse(place, *text,
			      "does not begin with 'X-': a field of that name that comes in is "
			      "deleted, so it must be our own");
}

bool csp_check_name(const struct schema_place *place, struct span *text)
{
	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];
		if (!(c >= 'a' && c <= 'z') && !csp_ascii_is_digit(c) && (c != '-' || i == 0))
			return refuse(place, *text,
				      "is no name: small letters a to z, digits and '-' inside");
	}
	return true;
}

bool csp_check_path(const struct schema_place *place, struct span *text)
{
	return csp_span_starts_with(*text, SPAN_LIT("/")) ||
	       refuse(place, *text, "is no absolute path: it must begin with '/'");
}

bool csp_check_path_or_none(const struct schema_place *place, struct span *text)
{
	return text->len == 0 || csp_check_path(place, text);
}

bool csp_check_socket_path(const struct schema_place *place, struct span *text)
{
	if (!csp_check_path(place, text))
		return false;
	return text->len < sizeof(((struct sockaddr_un *)0)->sun_path) ||
	       refuse(place, *text, "is too long for the path of a socket: at most 107 bytes");
}

static bool is_port(struct span text)
{
	unsigned port = 0;

	if (!text.len || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!csp_ascii_is_digit(text.data[i]))
			return false;
		port = port * 10 + (unsigned)(text.data[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

static const char *host_error(struct span host, enum netaddr_family family)
{
	struct netaddr address;

	if (csp_netaddr_parse(&address, host))
		return address.family == family
			       ? NULL
			       : "has an address of the other family: 'inet' takes "
				 "IPv4, 'inet6' takes IPv6";
	for (size_t i = 0; i < host.len; i++)
		if (!csp_ascii_is_alpha(host.data[i]) && !csp_ascii_is_digit(host.data[i]) &&
		    host.data[i] != '.' && host.data[i] != '-')
			return "has no host name or address behind the '@'";
	return NULL;
}

static const char *inet_error(struct span rest, enum netaddr_family family)
{
	struct span port, host;

	if (!csp_span_split(&port, &host, rest, '@') || !host.len) {
		if (is_port(port))
			return "would listen on every address of this machine: name the host, "
			       "'inet:8895@127.0.0.1' or 'inet6:8895@::1'";
		return "is no socket: 'inet:port@host', 'inet:8895@127.0.0.1' for example (Postfix "
		       "itself writes the host first)";
	}
	if (!is_port(port))
		return "has no port of 1 to 65535 before the '@'";
	return host_error(host, family);
}

bool csp_check_milter_socket(const struct schema_place *place, struct span *text)
{
	struct span path;
	const char *why;

	if (csp_span_starts_with(*text, SPAN_LIT("unix:"))) {
		path = csp_span_slice(*text, strlen("unix:"), text->len);
		return csp_check_socket_path(place, &path);
	}
	if (csp_span_starts_with(*text, SPAN_LIT("inet6:")))
		why = inet_error(csp_span_slice(*text, strlen("inet6:"), text->len), NETADDR_IPV6);
	else if (csp_span_starts_with(*text, SPAN_LIT("inet:")))
		why = inet_error(csp_span_slice(*text, strlen("inet:"), text->len), NETADDR_IPV4);
	else
		why = "is no socket: 'unix:/path', 'inet:port@host' or 'inet6:port@host'";
	return !why || refuse(place, *text, why);
}

bool csp_check_separators(const struct schema_place *place, struct span *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (!strchr("!#$%&'*+-/=?^_`{|}~", text->data[i]))
			return refuse(place, *text,
				      "holds a character that separates nothing in a local part: "
				      "'+' is usual, '-' and '=' occur");
	return true;
}

bool csp_check_facility(const struct schema_place *place, struct span *text)
{
	return csp_log_facility_exists(text->data) ||
	       refuse(place, *text,
		      "is no syslog facility: 'mail', 'daemon', 'local0' to 'local7'");
}

bool csp_check_url(const struct schema_place *place, struct span *text)
{
	bool web = csp_span_starts_with(*text, SPAN_LIT("https://")) ||
		   csp_span_starts_with(*text, SPAN_LIT("http://"));

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] <= ' ' || text->data[i] > 126)
			return refuse(place, *text,
				      "holds a space or a letter that is not ASCII: a reply cannot "
				      "carry it");
	return web || refuse(place, *text, "is no URL: it must begin with 'https://'");
}

bool csp_check_account(const struct schema_place *place, struct span *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] <= ' ' || text->data[i] > 126 || text->data[i] == ':')
			return refuse(place, *text, "is no name of a user or a group");
	return true;
}

bool csp_check_address(const struct schema_place *place, struct span *text)
{
	struct arena *arena = csp_schema_reader(place)->arena;
	struct mailbox mailbox;
	enum mailbox_result result = MAILBOX_OK;

	if (!text->len)
		return true;
	result = csp_mailbox_parse(&mailbox, arena, *text);
	if (result == MAILBOX_NO_MEMORY)
		return csp_schema_no_memory(place);
	if (result != MAILBOX_OK)
		return refuse(place, *text, "is no address: 'local@domain'");
	return csp_mailbox_format(text, arena, &mailbox) || csp_schema_no_memory(place);
}

const char *csp_choice_cloud(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {"commercial", "us-gov", "china", NULL};

	(void)conf;
	return names[number];
}

const char *csp_choice_category(const struct conf *conf, unsigned number)
{
	return number < conf->categories.count ? conf->categories.names[number].data : NULL;
}

const char *csp_choice_mode(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number <= MODE_ENFORCE ? csp_mode_name((enum mode)number) : NULL;
}

bool csp_store_cstr(const struct schema_place *place, const struct schema_value *value, void *field)
{
	(void)place;
	*(const char **)field = value->text.data;
	return true;
}

bool csp_store_mode(const struct schema_place *place, const struct schema_value *value, void *field)
{
	mode_t mode = 0;

	for (size_t i = 0; i < value->text.len; i++) {
		char c = value->text.data[i];
		if (c < '0' || c > '7')
			return refuse(place, value->text, "is no mode: octal digits, '0660'");
		mode = (mode_t)(mode * 8 + (mode_t)(c - '0'));
	}
	if (mode & ~(mode_t)0666)
		return refuse(place, value->text,
			      "is no mode of a socket: reading and writing alone, '0660'");
	*(mode_t *)field = mode;
	return true;
}

static void clear_host_bits(struct netaddr *address, unsigned prefix)
{
	unsigned bits = address->family == NETADDR_IPV4 ? 32 : 128;

	for (unsigned bit = prefix; bit < bits; bit++)
		address->bytes[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
}

/* "192.0.2.1/24" is nearly right: say which network it stands in. */
static bool suggest_network(const struct schema_place *place, struct span text)
{
	char format[NETADDR_TEXT_SIZE], quote[CONF_QUOTE_SIZE];
	struct netaddr address;
	struct network network = {.prefix = 0};
	struct span head, rest;

	csp_span_split(&head, &rest, text, '/');
	if (!csp_netaddr_parse(&address, head))
		return refuse(place, text,
			      "is no network: '192.0.2.0/24', '2001:db8::/32', or one address");
	unsigned widest = address.family == NETADDR_IPV4 ? 32 : 128;
	for (size_t i = 0; i < rest.len && i < 3; i++)
		network.prefix =
			network.prefix * 10 +
			(csp_ascii_is_digit(rest.data[i]) ? (unsigned)(rest.data[i] - '0') : 1000);
	if (!rest.len || network.prefix > widest || rest.len > 3)
		return refuse(place, text,
			      widest == 32 ? "has no prefix length of 1 to 32 behind the '/'"
					   : "has no prefix length of 1 to 128 behind the '/'");
	clear_host_bits(&address, network.prefix);
	struct span right = csp_netaddr_format(format, &address);
	csp_schema_error(place, "'%s' has bits behind its prefix: did you mean '%.*s/%u'?",
			 csp_conf_quote(quote, text), SPAN_ARG(right), network.prefix);
	return false;
}

bool csp_store_network(const struct schema_place *place, const struct schema_value *value,
		       void *field)
{
	struct proofs *proofs = field;
	struct network network;

	if (!csp_network_parse(&network, value->text))
		return suggest_network(place, value->text);
	if (network.prefix == 0)
		return refuse(place, value->text,
			      "is the whole Internet: that every client is in it proves nothing");

	/* The array is const to its readers; until it is complete it is this function's. */
	struct network *networks = csp_arena_alloc(csp_schema_reader(place)->arena,
						   proofs->network_count + 1, sizeof(*networks));
	if (!networks)
		return csp_schema_no_memory(place);
	if (proofs->network_count)
		memcpy(networks, proofs->networks, proofs->network_count * sizeof(*networks));
	networks[proofs->network_count++] = network;
	proofs->networks = networks;
	return true;
}
