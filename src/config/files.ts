/**
 * Files that a configuration names, and that are read when it is loaded: error files, maps. The
 * reading itself is given from outside; what was read goes on with the configuration, by path.
 */

/**
 * Reads a file.
 * @param limit how many bytes it may have
 * @throws {Error} whose message says why it cannot be read, after the file's name
 */
export type FileReader = (path: string, limit: number) => Uint8Array;

/** Contents by path. */
export type FileContents = ReadonlyMap<string, Uint8Array>;

/** The files of one configuration. */
export interface Files {
  /** What has been read so far. */
  readonly contents: FileContents;
  /** Reads a file, or knows it already. @returns its content; or why it cannot be read */
  read(path: string, limit: number): Uint8Array | string;
}

/** No files yet. */
export function createFiles(reader: FileReader): Files {
  const contents = new Map<string, Uint8Array>();
  const faults = new Map<string, string>();
  return {
    contents,
    read(path, limit) {
      const known = contents.get(path) ?? faults.get(path);
      if (known !== undefined) return known;
      try {
        const content = reader(path, limit);
        contents.set(path, content);
        return content;
      } catch (error) {
        const { message } = error as Error;
        faults.set(path, message);
        return message;
      }
    },
  };
}
