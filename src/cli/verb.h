/*
 * The verbs of csp-milterctl: each has a file of its own and a line in main's table.
 * A verb gets its own argv (argv[0] is the verb), writes results to stdout, talk to stderr, and owns what it makes.
 * It returns the exit status: 0, 1 for a finding, or a code of sysexits.h.
 */
#ifndef CSP_VERB_H
#define CSP_VERB_H

int csp_verb_check(int argc, char **argv);
int csp_verb_explain(int argc, char **argv);
int csp_verb_classify(int argc, char **argv);
int csp_verb_directory(int argc, char **argv);
int csp_verb_review(int argc, char **argv);
int csp_verb_replay(int argc, char **argv);
int csp_verb_status(int argc, char **argv);
int csp_verb_reload(int argc, char **argv);

#endif
