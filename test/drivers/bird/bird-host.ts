import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {desiredBird} from '../../../src/core/desired-bird.ts';
import type {NodeState, PublishSettings} from '../../../src/core/node-state.ts';
import {type BirdDriver, type BirdItem, birdItem, createBird} from '../../../src/drivers/bird/bird.ts';
import {type BirdControl, createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {NotYetError} from '../../../src/reconcile/driver.ts';
import {step} from '../../../src/reconcile/step.ts';
import {systemClock} from '../../../src/system/clock.ts';
import {type FileSystem, systemFiles} from '../../../src/system/file-system.ts';
import type {Run} from '../../../src/system/run.ts';
import {birdPaths, type RunningBird, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {createNamespace, type Namespace} from '../../helpers/namespace.ts';
import {nodeState} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';

export const defaultTemplates = {
  'bird.conf': 'router id 192.168.20.30;\nlog stderr all;\nprotocol device {}\ninclude "conf.d/*.conf";\n',
  'publisher.conf': '{{!-- note --}}\nprotocol static romana {\n  ipv4;\n{{#each Networks}}\n  route {{this}} reject;\n{{/each}}\n}\n',
};

export type Templates = Readonly<Record<string, string>>;

export interface DriverParts {
  readonly files?: FileSystem;
  readonly run?: Run;
  /** From a question for which this is true on, BIRD never answers again, as to a program that was killed. */
  readonly isDead?: (question: string) => boolean;
  /** What somebody else does before BIRD gets a question. */
  readonly meddle?: (question: string) => Promise<unknown>;
  readonly onLanded?: () => void;
}

/** A host's side of the tests: templates, the driver, a log of every command, question to BIRD and signal, and a BIRD to start. */
export interface BirdHost {
  readonly namespace: Namespace;
  readonly folder: string;
  readonly paths: ReturnType<typeof birdPaths>;
  readonly control: BirdControl;
  /** What was done to the machine since the last pass began; questions to BIRD left out. */
  readonly log: string[];
  node(blocks: readonly string[], templates?: Templates, publish?: Partial<PublishSettings>): NodeState;
  driver(parts?: DriverParts): BirdDriver;
  /** Passes of the reconcile loop over this driver, until it has done what it can. */
  pass(driver: BirdDriver, node: NodeState): Promise<void>;
  /** One pass; it rejects with NotYetError where it does not wait for the end. */
  passOnce(driver: BirdDriver, node: NodeState): Promise<void>;
  start(): Promise<RunningBird>;
}

/** `layout` says of a folder what lies elsewhere than beside bird.conf, or how BIRD is started. */
export async function createBirdHost(
  t: ExecutionContext,
  label: string,
  layout: (folder: string) => Partial<BirdHost['paths']> = () => ({}),
): Promise<BirdHost> {
  const folder = await temporaryFolder(t);
  const namespace = await createNamespace(t, label);
  const paths = {...birdPaths(folder), ...layout(folder)};
  const {birdConf, confDir, birdSocket} = paths;
  const control = createBirdControl(birdSocket);
  const log: string[] = [];
  await mkdir(confDir, {recursive: true});

  return {
    namespace,
    folder,
    paths,
    control,
    log,
    node: (blocks, templates = defaultTemplates, publish = {}) =>
      nodeState({
        blocks,
        publish: {birdConf, confDir, ...publish},
        templates: Object.entries(templates).map(([name, text]) => ({file: path.join(folder, 'templates', name), text})),
      }),
    driver: ({
      files = systemFiles,
      run = namespace.run,
      isDead = () => false,
      meddle = async () => undefined,
      onLanded = () => undefined,
    } = {}) =>
      createBird({
        ...paths,
        onLanded,
        files,
        clock: systemClock,
        run: (command, args, options) => {
          log.push([command, ...args.slice(0, 1)].join(' '));
          return run(command, args, options);
        },
        control: {
          async command(text, options) {
            if (isDead(text)) return new Promise(() => undefined);
            const name = text.replaceAll(`${folder}/`, '');
            if (!text.startsWith('show ')) log.push(name);
            await meddle(text);
            return control.command(text, options);
          },
        },
        signal: (pid, name) => {
          log.push(name);
          process.kill(pid, name);
        },
      }),
    async pass(driver, node) {
      log.length = 0;
      for (;;) {
        try {
          await pass(driver, node);
          return;
        } catch (error) {
          if (!(error instanceof NotYetError)) throw error;
          await waitFor('the trial has ended', () => driver.status().trial === undefined);
        }
      }
    },
    passOnce(driver, node) {
      log.length = 0;
      return pass(driver, node);
    },
    async start() {
      return startBird(t, namespace, paths);
    },
  };

  async function pass(driver: BirdDriver, node: NodeState): Promise<void> {
    const planned = await step<NodeState, BirdItem>(driver, state => desiredBird(state).map(birdItem)).plan(node);
    await planned.add();
    await planned.remove();
  }
}

/** Puts a first bird.conf in place, as a package does, so that BIRD can run before the agent. */
export async function writeFirstConf({paths}: BirdHost): Promise<void> {
  await writeFile(paths.birdConf, defaultTemplates['bird.conf']);
}
