#ifndef MILLRACE_ICU_H
#define MILLRACE_ICU_H

// Nothing to call: the target stands in for data at link time (decision 0061).

#endif
