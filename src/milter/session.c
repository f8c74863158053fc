extern int csp_placeholder;
