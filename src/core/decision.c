#include "decision.h"

/* A verdict that no rule gave stands behind all that one gave. */
static bool is_earlier_rule(const struct rule *a, const struct rule *b)
{
	return a && (!b || a < b);
}

enum action csp_recipient_action(const struct recipient *recipient)
{
	const struct verdict *verdict = &recipient->verdict;

	switch (verdict->disposition) {
	case DISPOSITION_PASS:
		return ACTION_ACCEPT;
	case DISPOSITION_FLAG:
		return ACTION_FLAG;
	case DISPOSITION_TEMPFAIL:
		return ACTION_TEMPFAIL;
	case DISPOSITION_BLOCK:
	default:
		break;
	}
	if (verdict->decided_by->action == ACTION_REDIRECT && !recipient->contact.len)
		return ACTION_REJECT;
	return verdict->decided_by->action;
}

/* A fault of ours stands above all: nothing final is said of a message that could not be judged. */
static unsigned gravity(const struct recipient *recipient)
{
	return recipient->verdict.disposition == DISPOSITION_TEMPFAIL
		       ? ACTION_COUNT
		       : csp_recipient_action(recipient);
}

bool csp_recipient_is_graver(const struct recipient *a, const struct recipient *b)
{
	if (gravity(a) != gravity(b))
		return gravity(a) > gravity(b);
	return is_earlier_rule(a->verdict.decided_by, b->verdict.decided_by);
}

const struct recipient *csp_decision_gravest(const struct decision *decision)
{
	const struct recipient *gravest = NULL;

	for (size_t i = 0; i < decision->recipient_count; i++) {
		const struct recipient *recipient = &decision->recipients[i];
		if (!gravest || csp_recipient_is_graver(recipient, gravest))
			gravest = recipient;
	}
	return gravest;
}

#define UUID_SIZE 16

static void make_uuid(uint8_t out[UUID_SIZE], uint64_t unix_ms, const uint8_t random[10])
{
	for (unsigned i = 0; i < 6; i++)
		out[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
	for (unsigned i = 0; i < 10; i++)
		out[6 + i] = random[i];
	out[6] = (uint8_t)(0x70 | (out[6] & 0x0f)); /* version */
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f)); /* variant */
}

void csp_decision_id_format(char out[DECISION_ID_SIZE + 1], uint64_t unix_ms,
			    const uint8_t random[10])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t uuid[UUID_SIZE];
	unsigned window = 0;
	unsigned bits = 2; /* 26 digits have 130 bits: two zeros lead */
	size_t next = 0;

	make_uuid(uuid, unix_ms, random);
	for (size_t i = 0; i < DECISION_ID_SIZE; i++) {
		if (bits < 5) {
			window = (window & 0xffU) << 8 | uuid[next++];
			bits += 8;
		}
		bits -= 5;
		out[i] = digits[window >> bits & 0x1fU];
	}
	out[DECISION_ID_SIZE] = '\0';
}
