#include "mailbox.h"

#include "netaddr.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* A name of 255 octets can be this long before its letters are made A-labels. */
#define UNICODE_DOMAIN_MAX 1020
#define LABEL_MAX          63

/* No compatibility mapping makes more than 18 characters of one. */
#define FOLDED_MAX ((size_t)MAILBOX_LOCAL_MAX * 18)

struct local_part {
	char text[MAILBOX_LOCAL_MAX];
	size_t len;
};

static struct span skip(struct span text, size_t len)
{
	return csp_span_slice(text, len, text.len);
}

static bool put(struct local_part *out, char c)
{
	if (out->len == sizeof(out->text))
		return false;
	out->text[out->len++] = c;
	return true;
}

/* atext of RFC 5322 section 3.2.3 and RFC 6531 section 3.3. */
static bool is_atext(char c)
{
	static const bool others[256] = {
		['!'] = true,  ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
		['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['/'] = true,
		['='] = true,  ['?'] = true, ['^'] = true, ['_'] = true, ['`'] = true,
		['{'] = true,  ['|'] = true, ['}'] = true, ['~'] = true,
	};

	return csp_ascii_is_alpha(c) || csp_ascii_is_digit(c) || (unsigned char)c >= 0x80 ||
	       others[(unsigned char)c];
}

/* Takes a quoted string off *rest; false when it does not end or is too long. */
static bool unquote(struct local_part *out, struct span *rest)
{
	for (size_t i = 1; i < rest->len; i++) {
		char c = rest->data[i];
		if (c == '"') {
			*rest = skip(*rest, i + 1);
			return true;
		}
		if (c == '\\' && ++i < rest->len)
			c = rest->data[i];
		if (!put(out, c))
			return false;
	}
	return false;
}

static bool ends_word(char c, bool at_allowed)
{
	return c == '.' || (at_allowed && c == '@');
}

/*
 * Atoms and quoted strings between dots. Dots may stand anywhere: MTAs take `a..b@d` as it stands,
 * and it has one meaning.
 */
static bool undo_quoting(struct local_part *out, struct span text, bool at_allowed)
{
	bool word_may_start = true;

	while (text.len) {
		char c = text.data[0];
		if (c == '"') {
			if (!word_may_start || !unquote(out, &text))
				return false;
			if (text.len && !ends_word(text.data[0], at_allowed))
				return false;
			continue;
		}
		word_may_start = ends_word(c, at_allowed);
		if ((!word_may_start && !is_atext(c)) || !put(out, c))
			return false;
		text = skip(text, 1);
	}
	return true;
}

/* Counts the '@' that stand outside quotes, and finds the last one. */
static size_t find_at(size_t *count, struct span text)
{
	size_t last = text.len;
	bool quoted = false;

	*count = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == '@' && !quoted) {
			last = i;
			(*count)++;
		}
	}
	return last;
}

static bool has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return true;
	}
	return false;
}

enum mailbox_result csp_mailbox_make(struct mailbox *out, struct arena *arena, struct span local,
				     struct span domain)
{
	if (local.len > MAILBOX_LOCAL_MAX || has_control(local) || !csp_utf8_is_valid(local))
		return MAILBOX_INVALID;
	enum mailbox_result result = csp_domain_canonical(&out->domain, arena, domain);
	if (result != MAILBOX_OK)
		return result;
	return csp_arena_copy(arena, &out->local, local) ? MAILBOX_OK : MAILBOX_NO_MEMORY;
}

enum mailbox_result csp_mailbox_parse(struct mailbox *out, struct arena *arena,
				      struct span addr_spec)
{
	struct local_part local = {.len = 0};
	size_t count;
	size_t at = find_at(&count, addr_spec);

	if (count != 1 || at == 0 || !undo_quoting(&local, csp_span_slice(addr_spec, 0, at), false))
		return MAILBOX_INVALID;
	return csp_mailbox_make(out, arena, (struct span){local.text, local.len},
				skip(addr_spec, at + 1));
}

/* Steps over `@a,@b:`; false when the route does not end. */
static bool skip_route(struct span *path)
{
	bool bracketed = false;

	for (size_t i = 0; i < path->len; i++) {
		char c = path->data[i];
		if (c == '[' || c == ']')
			bracketed = c == '[';
		if (c == ':' && !bracketed) {
			*path = skip(*path, i + 1);
			return true;
		}
	}
	return false;
}

static bool hides_address(struct span local)
{
	return csp_span_find(local, '%') < local.len || csp_span_find(local, '!') < local.len ||
	       csp_span_find(local, '@') < local.len;
}

enum mailbox_result csp_mailbox_parse_path(struct mailbox *out, bool *routed, struct arena *arena,
					   struct span path)
{
	struct local_part local = {.len = 0};
	size_t count;

	*routed = false;
	path = csp_span_trim(path);
	if (path.len >= 2 && path.data[0] == '<' && path.data[path.len - 1] == '>')
		path = csp_span_slice(path, 1, path.len - 1);
	if (path.len == 0)
		return MAILBOX_NULL;
	if (path.data[0] == '@') {
		*routed = true;
		if (!skip_route(&path))
			return MAILBOX_INVALID;
	}

	size_t at = find_at(&count, path);
	if (count == 0 || at == 0 || !undo_quoting(&local, csp_span_slice(path, 0, at), true))
		return MAILBOX_INVALID;
	struct span text = {local.text, local.len};
	if (hides_address(text))
		*routed = true;
	return csp_mailbox_make(out, arena, text, skip(path, at + 1));
}

enum mailbox_result csp_mailbox_parse_path_domain(struct span *out, struct arena *arena,
						  struct span path)
{
	path = csp_span_trim(path);
	if (path.len && path.data[path.len - 1] == '>')
		path.len--;
	size_t start = path.len;
	while (start && path.data[start - 1] != '@')
		start--;
	return csp_domain_canonical(out, arena, csp_span_trim(skip(path, start)));
}

static bool is_ace(struct span label)
{
	return csp_span_equal_nocase(csp_span_slice(label, 0, 4), SPAN_LIT("xn--"));
}

static bool needs_idna(struct span domain)
{
	bool more = true;

	if (!csp_span_is_ascii(domain))
		return true;
	while (more) {
		struct span label;
		more = csp_span_split(&label, &domain, domain, '.');
		if (is_ace(label))
			return true;
	}
	return false;
}

/* Hyphens and lengths are judged on the result, for plain names and A-labels alike. */
static bool idna_failed(const UIDNAInfo *info)
{
	const uint32_t not_here = UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN |
				  UIDNA_ERROR_HYPHEN_3_4 | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG |
				  UIDNA_ERROR_EMPTY_LABEL;

	return (info->errors & ~not_here) != 0;
}

typedef int32_t idna_convert(const UIDNA *idna, const char *name, int32_t length, char *dest,
			     int32_t capacity, UIDNAInfo *info, UErrorCode *status);

static bool convert(char out[UNICODE_DOMAIN_MAX], size_t *len, const UIDNA *idna,
		    idna_convert *function, struct span name)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;
	int32_t size = function(idna, name.data, (int32_t)name.len, out, UNICODE_DOMAIN_MAX, &info,
				&status);

	*len = (size_t)size;
	return U_SUCCESS(status) && !idna_failed(&info);
}

/*
 * To A-labels, and there and back again: an A-label that does not come back as it was is a bogus one
 * (`xn--abc-`), and would be another name to another reader.
 */
static bool convert_both_ways(char out[UNICODE_DOMAIN_MAX], size_t *len, const UIDNA *idna,
			      struct span domain)
{
	char unicode[UNICODE_DOMAIN_MAX];
	char again[UNICODE_DOMAIN_MAX];
	size_t unicode_len;
	size_t again_len;

	return convert(out, len, idna, uidna_nameToASCII_UTF8, domain) &&
	       convert(unicode, &unicode_len, idna, uidna_nameToUnicodeUTF8,
		       (struct span){out, *len}) &&
	       convert(again, &again_len, idna, uidna_nameToASCII_UTF8,
		       (struct span){unicode, unicode_len}) &&
	       csp_span_equal((struct span){out, *len}, (struct span){again, again_len});
}

static enum mailbox_result to_ascii(char out[UNICODE_DOMAIN_MAX], size_t *len, struct span domain)
{
	UErrorCode status = U_ZERO_ERROR;
	UIDNA *idna = uidna_openUTS46(
		UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO |
			UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
		&status);

	if (U_FAILURE(status))
		return MAILBOX_NO_MEMORY;
	bool converted = csp_utf8_is_valid(domain) && convert_both_ways(out, len, idna, domain);
	uidna_close(idna);
	return converted ? MAILBOX_OK : MAILBOX_INVALID;
}

/* Letters, digits, hyphens, and the underscore that real names have; no empty label. */
static bool is_plain_domain(struct span domain)
{
	bool more = true;

	while (more) {
		struct span label;
		more = csp_span_split(&label, &domain, domain, '.');
		if (label.len == 0 || label.len > LABEL_MAX)
			return false;
		for (size_t i = 0; i < label.len; i++) {
			char c = label.data[i];
			if (!csp_ascii_is_alpha(c) && !csp_ascii_is_digit(c) && c != '-' &&
			    c != '_')
				return false;
		}
	}
	return true;
}

static enum mailbox_result canonical_literal(struct span *out, struct arena *arena,
					     struct span literal)
{
	const struct span tag = SPAN_LIT("IPv6:");
	struct span inner = csp_span_slice(literal, 1, literal.len - 1);
	bool tagged = csp_span_equal_nocase(csp_span_slice(inner, 0, tag.len), tag);
	struct netaddr address;
	char text[sizeof("[IPv6:]") + NETADDR_TEXT_SIZE];
	char formatted[NETADDR_TEXT_SIZE];

	if (literal.len < 2 || literal.data[literal.len - 1] != ']')
		return MAILBOX_INVALID;
	struct span digits = tagged ? skip(inner, tag.len) : inner;
	bool has_colon = csp_span_find(digits, ':') < digits.len;
	if (has_colon != tagged || !csp_netaddr_parse(&address, digits))
		return MAILBOX_INVALID;

	struct span shown = csp_netaddr_format(formatted, &address);
	int len = snprintf(text, sizeof(text), "[%s%.*s]",
			   address.family == NETADDR_IPV6 ? tag.data : "", SPAN_ARG(shown));
	return csp_arena_copy(arena, out, (struct span){text, (size_t)len}) ? MAILBOX_OK
									    : MAILBOX_NO_MEMORY;
}

static enum mailbox_result canonical_ascii(struct span *out, struct arena *arena,
					   struct span domain)
{
	char text[MAILBOX_DOMAIN_MAX];

	if (domain.len && domain.data[domain.len - 1] == '.')
		domain.len--;
	if (domain.len > sizeof(text) || !is_plain_domain(domain))
		return MAILBOX_INVALID;
	for (size_t i = 0; i < domain.len; i++)
		text[i] = csp_ascii_lower(domain.data[i]);
	return csp_arena_copy(arena, out, (struct span){text, domain.len}) ? MAILBOX_OK
									   : MAILBOX_NO_MEMORY;
}

static enum mailbox_result canonical_unicode(struct span *out, struct arena *arena,
					     struct span domain)
{
	char text[UNICODE_DOMAIN_MAX];
	size_t len;
	enum mailbox_result result = to_ascii(text, &len, domain);

	if (result != MAILBOX_OK)
		return result;
	return canonical_ascii(out, arena, (struct span){text, len});
}

enum mailbox_result csp_domain_canonical(struct span *out, struct arena *arena, struct span domain)
{
	if (domain.len == 0 || domain.len > UNICODE_DOMAIN_MAX)
		return MAILBOX_INVALID;
	if (domain.data[0] == '[')
		return canonical_literal(out, arena, domain);
	return needs_idna(domain) ? canonical_unicode(out, arena, domain)
				  : canonical_ascii(out, arena, domain);
}

static bool needs_quoting(struct span local)
{
	if (local.len == 0 || local.data[0] == '.' || local.data[local.len - 1] == '.')
		return true;
	for (size_t i = 0; i < local.len; i++) {
		bool dot = local.data[i] == '.';
		if (!dot && !is_atext(local.data[i]))
			return true;
		if (dot && local.data[i + 1] == '.')
			return true;
	}
	return false;
}

/* What a struct mailbox says of its lengths is not relied on: callers may have made it themselves. */
bool csp_mailbox_format(struct span *out, struct arena *arena, const struct mailbox *mailbox)
{
	struct span local = mailbox->local;
	struct span domain = mailbox->domain;
	char *text = csp_arena_alloc(arena, 2 * local.len + domain.len + 4, 1);
	bool quoted = needs_quoting(local);
	size_t len = 0;

	if (!text)
		return false;
	if (quoted)
		text[len++] = '"';
	for (size_t i = 0; i < local.len; i++) {
		if (quoted && (local.data[i] == '"' || local.data[i] == '\\'))
			text[len++] = '\\';
		text[len++] = local.data[i];
	}
	if (quoted)
		text[len++] = '"';
	text[len++] = '@';
	if (domain.len)
		memcpy(text + len, domain.data, domain.len);
	*out = (struct span){text, len + domain.len};
	return true;
}

/* A separator at the very start separates nothing: MTAs deliver `+tag@d` to `+tag`. */
static struct span without_extension(struct span local, struct span separators)
{
	for (size_t i = 1; i < local.len; i++) {
		if (csp_span_find(separators, local.data[i]) < separators.len)
			return csp_span_slice(local, 0, i);
	}
	return local;
}

static bool fold_unicode(struct span *out, struct arena *arena, struct span local)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar wide[MAILBOX_LOCAL_MAX];
	UChar folded[FOLDED_MAX];
	char narrow[FOLDED_MAX * 3];
	int32_t len;

	u_strFromUTF8(wide, MAILBOX_LOCAL_MAX, &len, local.data, (int32_t)local.len, &status);
	const UNormalizer2 *folder = unorm2_getNFKCCasefoldInstance(&status);
	len = unorm2_normalize(folder, wide, len, folded, (int32_t)FOLDED_MAX, &status);
	u_strToUTF8(narrow, (int32_t)sizeof(narrow), &len, folded, len, &status);
	return U_SUCCESS(status) && csp_arena_copy(arena, out, (struct span){narrow, (size_t)len});
}

bool csp_mailbox_key(struct span *out, struct arena *arena, const struct mailbox *mailbox,
		     struct span separators)
{
	struct span domain = mailbox->domain;
	struct span local = without_extension(mailbox->local, separators);

	if (local.len <= MAILBOX_LOCAL_MAX && !csp_span_is_ascii(local) &&
	    csp_utf8_is_valid(local) && !fold_unicode(&local, arena, local))
		return false;
	char *text = csp_arena_alloc(arena, local.len + domain.len + 1, 1);
	if (!text)
		return false;
	for (size_t i = 0; i < local.len; i++)
		text[i] = csp_ascii_lower(local.data[i]);
	text[local.len] = '@';
	if (domain.len)
		memcpy(text + local.len + 1, domain.data, domain.len);
	*out = (struct span){text, local.len + 1 + domain.len};
	return true;
}

bool csp_domain_matches(struct span domain, struct span pattern)
{
	if (domain.len == 0 || pattern.len == 0)
		return false;
	if (pattern.data[0] != '.')
		return csp_span_equal_nocase(domain, pattern);
	return domain.len > pattern.len && csp_span_ends_with_nocase(domain, pattern);
}
