/** The kit's connection, under the name that the tests of this folder know it by. */
export { Connection as Peer } from "#src/simulate/connection.ts";
