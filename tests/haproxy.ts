/** The real haproxy, which some tests ask how it is done. */
import { find } from "./programs.ts";

/** Its path; null: it is not installed. */
export const haproxy: string | null = find("haproxy");
