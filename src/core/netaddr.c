#include "netaddr.h"
