import pino, {type Logger as PinoLogger} from 'pino';
import pretty from 'pino-pretty';

/** The part of pino that our code uses: constant lower-case message, data in fields, an error under `err`. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {child(bindings: Record<string, unknown>): Logger};

/** Creates the root logger of a program: JSON on standard output, readable lines when that is a terminal. Secrets are left out by path. */
export function createLogger(level: string): Logger {
  const options = {level, base: {}, redact: ['*.password', '*.token', 'password', 'token'], timestamp: pino.stdTimeFunctions.isoTime};
  return process.stdout.isTTY
    ? pino(options, pretty({colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l'}))
    : pino(options);
}

/** A logger that keeps silent. */
export const silentLogger: Logger = pino({level: 'silent'});
