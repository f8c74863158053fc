#include "addrlist.h"
