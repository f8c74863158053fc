/*
 * Writes made-up customers to standard output, as many as asked for, in one of the forms that `directory import` reads.
 * One row at a time: it needs no memory.
 * Exit status 0, 64 for a wrong call, 74 when the output cannot be written.
 *
 * usage: customers jsonl|rest|csv CUSTOMERS            all of them (jsonl: and their partners)
 *        customers one CUSTOMERS DOMAIN                a customer more, as jsonl, with this domain
 *        customers recipients CUSTOMERS COUNT          addresses of COUNT random ones that also buy directly
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "population.h"

#define OUTPUT_BUFFER ((size_t)1 << 20)

static void write_partner(uint64_t number)
{
	char id[POPULATION_TEXT], mpn[POPULATION_TEXT];

	population_partner_id(id, number);
	population_mpn(mpn, number);
	printf("{\"type\":\"partner\",\"id\":\"%s\",\"name\":\"Partner %" PRIu64
	       "\",\"aliases\":[\"%s\"],\"domains\":[\"partner-%" PRIu64
	       ".example\"],\"bounce_domains\":[\"bounce.partner-%" PRIu64
	       ".example\"],\"proofs\":{\"logins\":[\"partner-%" PRIu64
	       "\"],\"networks\":[\"198.18.%" PRIu64 ".0/24\"]},\"contact\":\"csp@partner-%" PRIu64
	       ".example\"}\n",
	       id, number, mpn, number, number, number, number % 256, number);
}

static void write_jsonl_row(uint64_t number, uint64_t customers, const char *domain)
{
	char id[POPULATION_TEXT], tenant[POPULATION_TEXT], mpn[POPULATION_TEXT],
		address[POPULATION_TEXT];

	population_customer_id(id, number);
	population_tenant_domain(tenant, number);
	population_mpn(mpn, number % population_partners(customers));
	population_address(address, number);
	printf("{\"type\":\"customer\",\"id\":\"%s\",\"name\":\"Customer %" PRIu64
	       "\",\"cloud\":\"commercial\",\"domains\":[\"%s\",",
	       id, number, tenant);
	printf(population_counts_subdomains(number) ? "{\"name\":\"%s\",\"subdomains\":true}]"
						    : "\"%s\"]",
	       domain);
	if (population_has_address(number))
		printf(",\"addresses\":[\"%s\"]", address);
	printf(",\"partners\":[{\"partner\":\"%s\",\"role\":\"indirect-reseller\"}]%s}\n", mpn,
	       population_buys_directly(number) ? ",\"direct_products\":[\"windows-server\"]" : "");
}

static void write_jsonl(uint64_t customers)
{
	char domain[POPULATION_TEXT];

	for (uint64_t i = 0; i < population_partners(customers); i++)
		write_partner(i);
	for (uint64_t i = 0; i < customers; i++) {
		population_domain(domain, i);
		write_jsonl_row(i, customers, domain);
	}
}

static void write_rest(uint64_t customers)
{
	char id[POPULATION_TEXT], tenant[POPULATION_TEXT], domain[POPULATION_TEXT];

	printf("{\"totalCount\":%" PRIu64 ",\"items\":[", customers);
	for (uint64_t i = 0; i < customers; i++) {
		population_customer_id(id, i);
		population_tenant_domain(tenant, i);
		population_domain(domain, i);
		printf("%s\n{\"id\":\"%s\",\"companyProfile\":{\"tenantId\":\"%s\",\"domain\":\"%"
		       "s\","
		       "\"companyName\":\"Customer %" PRIu64
		       "\"},\"relationshipToPartner\":\"reseller\",\"customDomains\":[\"%s\"],"
		       "\"attributes\":{\"objectType\":\"Customer\"}}",
		       i ? "," : "", id, id, tenant, i, domain);
	}
	printf("],\"links\":{\"self\":{\"uri\":\"/v1/"
	       "customers\",\"method\":\"GET\",\"headers\":[]}}"
	       ",\"attributes\":{\"objectType\":\"Collection\"}}\n");
}

static void write_csv(uint64_t customers)
{
	char id[POPULATION_TEXT], domain[POPULATION_TEXT];

	printf("\xef\xbb\xbfMicrosoft ID,Company name,Primary domain name,Relationship\r\n");
	for (uint64_t i = 0; i < customers; i++) {
		population_customer_id(id, i);
		population_domain(domain, i);
		printf("%s,\"Customer %" PRIu64 ", Ltd.\",%s,Cloud Reseller\r\n", id, i, domain);
	}
}

static void write_recipients(uint64_t customers, uint64_t count)
{
	char domain[POPULATION_TEXT];

	for (uint64_t i = 0; i < count; i++) {
		population_domain(domain, population_mix(i) % customers / 4 * 4);
		printf("<user-%" PRIu64 "@%s>\n", i, domain);
	}
}

static bool run(const char *form, uint64_t customers, const char *more)
{
	if (!more && strcmp(form, "jsonl") == 0)
		write_jsonl(customers);
	else if (!more && strcmp(form, "rest") == 0)
		write_rest(customers);
	else if (!more && strcmp(form, "csv") == 0)
		write_csv(customers);
	else if (more && strcmp(form, "one") == 0)
		write_jsonl_row(customers / 4 * 4 + 4, customers, more);
	else if (more && strcmp(form, "recipients") == 0)
		write_recipients(customers, strtoull(more, NULL, 10));
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	uint64_t customers = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	if (customers == 0 || argc > 4 || !run(argv[1], customers, argv[3])) {
		fputs("usage: customers jsonl|rest|csv CUSTOMERS | one CUSTOMERS DOMAIN | "
		      "recipients "
		      "CUSTOMERS COUNT\n",
		      stderr);
		return EX_USAGE;
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR;
}
