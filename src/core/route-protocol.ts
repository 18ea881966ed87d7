/** The number that the kernel keeps with every route of ours. Not one that iproute2 or a routing daemon uses (see rt_protos). */
export const routeProtocol = 144;
