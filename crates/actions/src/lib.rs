//! Vendor-neutral actions: http.request, log.
