import type {BirdReply} from '../../../src/drivers/bird/control-socket.ts';

// What real BIRDs have written to their control sockets, codes included.

/** Such a text as the control socket's reader gives it. */
export function replyOf(raw: string): BirdReply {
  const lines = raw.trimEnd().split('\n');
  const code = /^\d{4}/.exec(lines.at(-1) ?? '')?.[0] ?? '';
  return {code, lines: lines.map(line => line.replace(/^(\d{4}[- ]?| )/, ''))};
}

/** `show protocols all` of BIRD 2.0.12, without what tells nothing of sessions. */
export const protocolsOfBird2 = `2002-Name       Proto      Table      State  Since         Info
1002-device1    Device     ---        up     15:07:50.838  
1006-
1002-own        Static     master4    up     15:07:50.838  
1006-  Channel ipv4
     State:          UP
     Table:          master4
     Preference:     200
     Input filter:   ACCEPT
     Output filter:  REJECT
     Routes:         2 imported, 0 exported, 2 preferred
 
1002-bfd1       BFD        ---        up     15:07:50.838  
1006-
1002-tor        BGP        ---        up     15:07:55.213  Established   
1006-  BGP state:          Established
     Neighbor address: 192.168.20.2
     Neighbor AS:      65001
     Local AS:         65534
     Neighbor ID:      10.0.0.2
     Local capabilities
     Neighbor capabilities
     Session:          external AS4
     Source address:   192.168.20.1
     Hold timer:       7.499/9
     Keepalive timer:  2.417/3
   Channel ipv4
     State:          UP
     Table:          master4
     Preference:     100
     Input filter:   (unnamed)
     Output filter:  (unnamed)
     Routes:         1 imported, 1 filtered, 2 exported, 1 preferred
     BGP Next hop:   192.168.20.1
   Channel ipv6
     State:          UP
     Table:          master6
     Preference:     100
     Input filter:   REJECT
     Output filter:  REJECT
     Routes:         0 imported, 0 exported, 0 preferred
     BGP Next hop:   ::
 
1002-gone       BGP        ---        start  15:07:50.838  Connect       Socket: No route to host
1006-  BGP state:          Connect
     Neighbor address: 192.168.20.99
     Neighbor AS:      65099
     Local AS:         65534
     Last error:       Socket: No route to host
   Channel ipv4
     State:          DOWN
     Table:          master4
     Preference:     100
     Input filter:   REJECT
     Output filter:  REJECT
 
1002-range_tor  BGP        ---        start  15:07:50.838  Passive       
1006-  BGP state:          Passive
     Neighbor range:   192.168.30.0/24
     Neighbor AS:      65099
     Local AS:         65534
   Channel ipv4
     State:          DOWN
     Table:          master4
     Preference:     100
     Input filter:   REJECT
     Output filter:  REJECT
 
1002-gone6      BGP        ---        start  15:07:50.838  Connect       
1006-  BGP state:          Connect
     Neighbor address: fe80::9%eth0
     Neighbor AS:      65099
     Local AS:         65534
   Channel ipv6
     State:          DOWN
     Table:          master6
     Preference:     100
     Input filter:   REJECT
     Output filter:  REJECT
 
1002-o4         OSPF       master4    up     15:07:50.838  Running
1006-  Channel ipv4
     State:          UP
     Table:          master4
     Preference:     150
     Input filter:   ACCEPT
     Output filter:  (unnamed)
     Routes:         1 imported, 2 exported, 1 preferred
 
1002-o6         OSPF       master6    up     15:07:50.838  Running
1006-  Channel ipv6
     State:          UP
     Table:          master6
     Preference:     150
     Input filter:   ACCEPT
     Output filter:  REJECT
     Routes:         0 imported, 0 exported, 0 preferred
 
1002-babel1     Babel      ---        up     15:07:50.838  
1006-  Channel ipv4
     State:          UP
     Table:          master4
     Preference:     130
     Input filter:   ACCEPT
     Output filter:  REJECT
     Routes:         0 imported, 0 exported, 0 preferred
   Channel ipv6
     State:          UP
     Table:          master6
     Preference:     130
     Input filter:   ACCEPT
     Output filter:  REJECT
     Routes:         0 imported, 0 exported, 0 preferred
 
0000 
`;

/** `show bfd sessions` of BIRD 2.0.12. */
export const bfdOfBird2 = `1020-bfd1:
 IP address                Interface  State      Since         Interval  Timeout
 192.168.20.2              eth0       Up         15:07:51.589    0.200    0.600
0000 
`;

/** `show ospf neighbors o4` of BIRD 2.0.12. */
export const ospfOfBird2 = `1013-o4:
 Router ID   	Pri	     State     	DTime	Interface  Router IP
 10.0.0.2    	  1	Full/DR   	 3.872	eth0       192.168.20.2
0000 
`;

/** `show ospf neighbors o6` of BIRD 2.0.12. */
export const ospf3OfBird2 = `1013-o6:
 Router ID   	Pri	     State     	DTime	Interface  Router IP
 10.0.0.2    	  1	Full/DR   	 3.424	eth0       fe80::f871:4aff:feab:ee4d
0000 
`;

/** `show protocols all` of BIRD 1.6.8. */
export const protocolsOfBird1 = `2002-name     proto    table    state  since       info
1002-device1  Device   master   up     15:03:57    
1006-  Preference:     240
   Input filter:   ACCEPT
   Output filter:  REJECT
   Routes:         0 imported, 0 exported, 0 preferred
 
1002-own      Static   master   up     15:03:57    
1006-  Preference:     200
   Input filter:   ACCEPT
   Output filter:  REJECT
   Routes:         2 imported, 0 exported, 2 preferred
 
1002-bfd1     BFD      master   up     15:03:57    
1006-  Preference:     0
   Input filter:   ACCEPT
   Output filter:  REJECT
   Routes:         0 imported, 0 exported, 0 preferred
 
1002-tor      BGP      master   up     15:04:01    Established   
1006-  Preference:     100
   Input filter:   ACCEPT
   Output filter:  (unnamed)
   Routes:         2 imported, 2 exported, 0 preferred
   BGP state:          Established
     Neighbor address: 192.168.20.2
     Neighbor AS:      65001
     Neighbor ID:      10.0.0.2
     Neighbor caps:    refresh enhanced-refresh restart-aware llgr-aware AS4
     Session:          external AS4
     Source address:   192.168.20.1
     Hold timer:       6/9
     Keepalive timer:  1/3
 
1002-gone     BGP      master   start  15:03:57    Connect       Socket: No route to host
1006-  Preference:     100
   Input filter:   REJECT
   Output filter:  REJECT
   Routes:         0 imported, 0 exported, 0 preferred
   BGP state:          Connect
     Neighbor address: 192.168.20.99
     Neighbor AS:      65099
     Last error:       Socket: No route to host
 
1002-o4       OSPF     master   up     15:03:57    Running
1006-  Preference:     150
   Input filter:   ACCEPT
   Output filter:  (unnamed)
   Routes:         3 imported, 2 exported, 3 preferred
 
0000 
`;

/** `show bfd sessions` of BIRD 1.6.8. */
export const bfdOfBird1 = `1020-bfd1:
 IP address                Interface  State      Since       Interval  Timeout
 192.168.20.2              eth0       Up         15:03:57      0.200    0.600
0000 
`;

/** `show ospf neighbors o4` of BIRD 1.6.8. */
export const ospfOfBird1 = `1013-o4:
 Router ID   	Pri	     State     	DTime	Interface  Router IP   
 10.0.0.2	  1	Full/DR   	00:03	eth0       192.168.20.2   
0000 
`;
