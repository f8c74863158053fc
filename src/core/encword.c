#include "encword.h"
