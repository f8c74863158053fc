/*
 * The made-up customers and partners of the directory's benchmark: the same number is the same party in every program.
 * Plain functions of a number; texts go to the caller's buffer of POPULATION_TEXT bytes.
 * Nothing here can fail.
 */
#ifndef POPULATION_H
#define POPULATION_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define POPULATION_TEXT 128

/* SplitMix64's last step: every number another one, in no order. */
static inline uint64_t population_mix(uint64_t number)
{
	number += 0x9e3779b97f4a7c15U;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9U;
	number = (number ^ number >> 27) * 0x94d049bb133111ebU;
	return number ^ number >> 31;
}

static inline void population_guid(char out[POPULATION_TEXT], uint64_t number)
{
	uint64_t a = population_mix(2 * number), b = population_mix(2 * number + 1);

	snprintf(out, POPULATION_TEXT, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned)(a >> 32),
		 (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 52),
		 b & 0xffffffffffffU);
}

static inline void population_customer_id(char out[POPULATION_TEXT], uint64_t customer)
{
	population_guid(out, customer);
}

static inline void population_tenant_domain(char out[POPULATION_TEXT], uint64_t customer)
{
	snprintf(out, POPULATION_TEXT, "tenant-%" PRIu64 ".onmicrosoft.com", customer);
}

/* Neighbours in the number are none in the alphabet, as with real names. */
static inline void population_domain(char out[POPULATION_TEXT], uint64_t customer)
{
	static const char *const first[] = {"alder",  "birken", "cedar", "delta", "elbe", "falken",
					    "garten", "hafen",  "isar",  "jura",  "kern", "linden",
					    "mosel",  "nord",   "ost",   "prima"};
	static const char *const second[] = {
		"bau",  "catering", "druck", "energie", "foods", "gmbh",  "hotel",  "it-service",
		"jobs", "kanzlei",  "labor", "media",   "notar", "optik", "praxis", "reisen"};
	static const char *const last[] = {"example", "co.example", "example", "test"};
	uint64_t mixed = population_mix(customer ^ 0x646f6d61696eU);

	snprintf(out, POPULATION_TEXT, "%s-%s-%" PRIx64 ".%s", first[mixed & 15],
		 second[mixed >> 4 & 15], customer, last[mixed >> 8 & 3]);
}

static inline bool population_counts_subdomains(uint64_t customer)
{
	return customer % 8 == 1;
}

static inline bool population_has_address(uint64_t customer)
{
	return customer % 64 == 2;
}

static inline void population_address(char out[POPULATION_TEXT], uint64_t customer)
{
	snprintf(out, POPULATION_TEXT, "office-%" PRIu64 "@mail.example", customer);
}

/* Products outside CSP: subscription mail to these is flagged by the shipped rules, to others blocked. */
static inline bool population_buys_directly(uint64_t customer)
{
	return customer % 4 == 0;
}

static inline uint64_t population_partners(uint64_t customers)
{
	uint64_t partners = customers / 50 + 1;

	return partners < 3000 ? partners : 3000;
}

static inline void population_partner_id(char out[POPULATION_TEXT], uint64_t partner)
{
	population_guid(out, partner | (uint64_t)1 << 62);
}

/* Its number in the partner network: an alias, by which the customers name it. */
static inline void population_mpn(char out[POPULATION_TEXT], uint64_t partner)
{
	snprintf(out, POPULATION_TEXT, "%" PRIu64, 5120000 + partner);
}

#endif
