#include "party.h"
