#include "decision.h"
