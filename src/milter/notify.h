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
void csp_notify_status(const char *text); /* one line, for systemctl status */

/* How often the watchdog wants to hear of us at least, milliseconds; 0: there is none. */
long csp_notify_watchdog_ms(void);
void csp_notify_alive(void);

#endif
