/**
 * What expressions refer to beside the request: other parts of the configuration, and files. They
 * are compiled twice: when the configuration is checked, and by each thread that will work them out.
 */
import type { Table } from "../stick-table/table.ts";
import type { Context } from "./context.ts";
import type { PatternStore } from "./patterns/store.ts";
import type { Sample } from "./sample.ts";
import type { Test } from "./test.ts";

/** A list of users (manual, chapter 3.4). */
export interface Userlist {
  readonly name: string;
  readonly users: readonly {
    readonly name: string;
    /** As it is in the configuration; null: nobody can log in by that name. */
    readonly password: string | null;
    /** The password is a crypt(3) hash. */
    readonly hashed: boolean;
    readonly groups: readonly string[];
  }[];
}

/** Works a value out into the sample: {@linkcode FetchValue} of fetch.ts. */
type ScriptFetch = (context: Context, sample: Sample) => boolean;

/** What scripts have registered, by its name in the configuration: "lua.<name>". */
export interface Scripts {
  /** null: there is none of the name. */
  fetch(name: string): ((args: readonly string[], references: References) => ScriptFetch) | null;
  converter(name: string): ((args: readonly string[]) => (sample: Sample) => boolean) | null;
  /** For near misses. */
  names(kind: "fetches" | "converters" | "actions" | "services"): readonly string[];
}

/** See the head of this file. */
export interface References {
  /** The proxy that the expression stands in. */
  readonly proxy: string;
  readonly userlist: (name: string) => Userlist | null;
  /** Whether there is a proxy of the name and side, or a server "backend/server". */
  readonly hasProxy: (name: string, side: "frontend" | "backend") => boolean;
  readonly hasServer: (backend: string, server: string) => boolean;
  /** Whether there is a 'resolvers' section of the name. */
  readonly hasResolvers: (name: string) => boolean;
  /** Whether there is a 'cache' section of the name. */
  readonly hasCache: (name: string) => boolean;
  /**
   * A stick table (manual: "stick-table"); null: there is none of the name. While the configuration
   * is checked it has no memory.
   */
  readonly table: (name: string) => Table | null;
  /** Lists of patterns and maps: those of files are read when they are first asked for. */
  readonly patterns: PatternStore;
  /** Scripts, and what they have registered. */
  readonly scripts: Scripts;
  /** An environment variable, as it was at the start. */
  readonly env: (name: string) => string | undefined;
  /**
   * Something odd, that does not keep it from working. @param word the number of the word of the line
   * that it is about, if that is known
   */
  readonly warn: (message: string, hint?: string, word?: number) => void;
  /** An ACL by its name, each of its lines; null: there is none. Left out: there are no ACLs here. */
  readonly acl?: (name: string) => readonly Test[] | null;
  /** Writes a line for people (converter "debug"). Left out: it is only checked. */
  readonly emit?: (to: "stdout" | "stderr", line: string) => void;
  /** How many threads there are, and the number of this process (fetches "nbthread", "pid"). */
  readonly threads: number;
  readonly pid: number;
  readonly hostname: string;
  readonly node: string;
}

/** A function of the context, as rules call it. */
export type OfContext<T> = (context: Context) => T;
