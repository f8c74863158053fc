#include "review.h"
