/* The agent desk: conversations of every channel one answers, live. The page is drawn by console/desk/app.tsx. */
import { start } from "./desk/app";
import "./desk/card_element";

start();
