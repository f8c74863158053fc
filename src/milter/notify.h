/*
 * The service manager is told what the daemon does (sd_notify(3)): one datagram to $NOTIFY_SOCKET.
 * It owns nothing.
 * Without such a socket nothing happens, and nothing that fails matters.
 */
#ifndef CSP_NOTIFY_H
#define CSP_NOTIFY_H

void csp_notify_ready(void);
void csp_notify_reloading(void); /* csp_notify_ready ends it */
void csp_notify_stopping(void);

#endif
