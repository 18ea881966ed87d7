/** The number that the kernel keeps with every route of ours. Not one that iproute2 or a routing daemon uses (see rt_protos). */
export const routeProtocol = 144;

/** The metric that the kernel keeps with every address that is a VIP of ours. Nothing hangs on it: an address by itself makes no route of that metric. */
export const vipMetric = 1144;
