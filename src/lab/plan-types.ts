import type {Address, InterfaceAddress} from '../core/prefix.ts';
import type {LabFile} from './lab-file.ts';
import type {TopologyDocument} from './topology.ts';

/** Everything that follows from a lab file: what to create, start and write. */
export interface LabPlan {
  readonly name: string;
  readonly file: LabFile;
  readonly folder: string;
  readonly nodes: readonly LabNode[];
  readonly links: readonly LabLink[];
  readonly topology: TopologyDocument;
}

export type Role = 'master' | 'spine' | 'tor' | 'host';

export interface LabNode {
  readonly name: string;
  readonly role: Role;
  /** The rack's name, of ToRs and hosts. */
  readonly rack?: string;
  readonly namespace: string;
  /** Its own folder: files, sockets, logs, pid files. */
  readonly folder: string;
  /** The user that owns the folder, when it is not root. */
  readonly owner?: string;
  readonly interfaces: readonly LabInterface[];
  readonly defaultVia: readonly Address[];
  readonly files: readonly LabFileText[];
  readonly copies: readonly LabCopy[];
  readonly processes: readonly LabProcess[];
  /** The nodes that it has a routing session with when all is well. */
  readonly peers: readonly string[];
}

export interface LabInterface {
  readonly name: string;
  readonly kind: 'link' | 'bridge';
  readonly bridge?: string;
  readonly addresses: readonly InterfaceAddress[];
}

/** A veth pair between two nodes. */
export interface LabLink {
  readonly upper: LinkEnd;
  readonly lower: LinkEnd;
}

export interface LinkEnd {
  readonly node: string;
  readonly interface: string;
}

/** A file to write, its path relative to the node's folder. */
export interface LabFileText {
  readonly path: string;
  readonly text: string;
}

/** A file to copy: from the repository, to a path relative to the node's folder. */
export interface LabCopy {
  readonly from: string;
  readonly to: string;
}

/** A long-running program of a node. `fabric`: routing daemons; `control`: etcd, daemon, agents. */
export interface LabProcess {
  readonly what: string;
  readonly layer: 'fabric' | 'control';
  readonly command: readonly [string, ...string[]];
  /** The Unix socket that it makes, removed before a start. */
  readonly socket?: string;
  /** A command that succeeds once it is ready; without one, the socket's existence tells. */
  readonly ready?: readonly [string, ...string[]];
}

/** What the parts of a plan are computed from. */
export interface PlanBase {
  readonly file: LabFile;
  readonly root: string;
  readonly folder: string;
}

export interface PlannedPart {
  readonly nodes: readonly LabNode[];
  readonly links: readonly LabLink[];
}
