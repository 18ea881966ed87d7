import {existsSync} from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../../.cache/bird1/usr/sbin');

/** The daemons of BIRD 1.6: one for each family. scripts/setup.sh unpacks them into the checkout. */
export const bird1Programs = {ipv4: path.join(folder, 'bird'), ipv6: path.join(folder, 'bird6')} as const;

/** Why tests that need BIRD 1.6 are skipped, for their titles; undefined where it is there. */
export const bird1Missing = Object.values(bird1Programs).every(program => existsSync(program))
  ? undefined
  : 'needs BIRD 1.6 in .cache/bird1, which sh scripts/setup.sh unpacks';
