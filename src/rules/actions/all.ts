/** The table of actions: one entry each, in files by family. */
import type { Action } from "../action.ts";
import { absentActions } from "./absent.ts";
import { cacheActions } from "./cache.ts";
import { counterActions } from "./counters.ts";
import { fieldActions } from "./fields.ts";
import { finalActions } from "./final.ts";
import { hintActions } from "./hint.ts";
import { lookupActions } from "./lookup.ts";
import { normalizeActions } from "./normalize.ts";
import { patternActions } from "./patterns.ts";
import { redirectActions } from "./redirect.ts";
import { replyActions } from "./reply.ts";
import { serviceActions } from "./service.ts";
import { replaceActions } from "./replace.ts";
import { streamActions } from "./stream.ts";
import { targetActions } from "./target.ts";
import { variableActions } from "./variables.ts";

export const actions: readonly Action[] = [
  ...finalActions,
  ...replyActions,
  ...redirectActions,
  ...cacheActions,
  ...fieldActions,
  ...serviceActions,
  ...targetActions,
  ...replaceActions,
  ...streamActions,
  ...normalizeActions,
  ...lookupActions,
  ...hintActions,
  ...patternActions,
  ...variableActions,
  ...counterActions,
  ...absentActions,
];
