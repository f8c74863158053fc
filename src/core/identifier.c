#include "identifier.h"
