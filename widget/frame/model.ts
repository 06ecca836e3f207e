/* What the window's parts are drawn from. */
import type { Configure, ToHost, View } from "../shared/types";
import type { Clock, Say } from "./phrases";

export interface Model {
  conf: Configure;
  view: View;
  say: Say;
  clock: Clock;
  phase: "closed" | "open" | "closing";
  /** The window takes the whole screen. */
  full: boolean;
  sound: boolean;
  tell: (message: ToHost) => void;
  toggle: (open: boolean, focus?: boolean) => void;
  setSound: (on: boolean) => void;
}
