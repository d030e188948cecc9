/**
 * The Host of the request: that of its address, if it has a whole one, whatever the header says. HTTP/1.0 has none; pods get
 * HTTP/1.1, which needs one.
 */
export const hostToPod = "$host$is_request_port$request_port";
