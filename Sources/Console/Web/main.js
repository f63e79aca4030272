// @ts-check
// Everything of the console that needs scripts. Pages are whole without it; what is here adds to them.
import "./live.js";
import "./table.js";
import "./json-tree.js";
import "./records.js";
import { enhanceForms } from "./forms.js";
import { enhanceTimes } from "./times.js";
import { enhanceCopying } from "./copy.js";
import { enhanceKeys } from "./keys.js";
import { enhanceThemes } from "./themes.js";
import { enhanceSession } from "./session.js";
import { enhanceProduce } from "./produce.js";
import { enhanceSeek } from "./seek.js";
import { enhanceSettings } from "./settings.js";
import { enhanceRings } from "./ring.js";
import { enhanceDialogs } from "./dialogs.js";

for (const enhance of [
  enhanceForms, enhanceTimes, enhanceCopying, enhanceKeys, enhanceThemes, enhanceSession, enhanceSeek,
  enhanceSettings, enhanceProduce, enhanceRings, enhanceDialogs,
]) enhance(document);
