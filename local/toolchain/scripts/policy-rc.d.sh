#!/bin/sh
# breakwater: packages are being installed, no daemon is to be started
exit 101
