"""A file system of its own in a file, which can lose its power and be filled. Needs root and loop devices."""

import fcntl
import os
import pathlib
import struct
import subprocess

# ext4's EXT4_IOC_SHUTDOWN, and the flag that throws away what is not on the disk yet, the journal included.
SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2


class Unavailable(Exception):
    """This machine does not let us mount; the message says what it answered."""


class LoopDisk:
    """An ext4 on a loop device, mounted at `path`."""

    def __init__(self, directory, megabytes):
        self.image = pathlib.Path(directory) / "disk.img"
        self.path = pathlib.Path(directory) / "disk"
        self.is_mounted = False
        if os.geteuid() != 0:
            raise Unavailable("only root may mount")
        with open(self.image, "wb") as image:
            image.truncate(megabytes << 20)
        self._run("mkfs.ext4", "-q", "-m", "0", str(self.image))
        self.path.mkdir()
        self.mount()

    def _run(self, *command):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        except FileNotFoundError:
            raise Unavailable(f"there is no {command[0]}") from None
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"{command[0]}: {error.stderr.strip()}") from None

    def mount(self):
        self._run("mount", "-o", "loop", str(self.image), str(self.path))
        self.is_mounted = True

    def unmount(self):
        if self.is_mounted:
            subprocess.run(["umount", str(self.path)], check=True, capture_output=True, timeout=60)
            self.is_mounted = False

    def cut_power(self):
        """Every call fails from now on, and what was not forced is gone. `unmount` and `mount` bring the rest back."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("=I", WITHOUT_FLUSH))
        finally:
            os.close(descriptor)

    def fill(self):
        """Leaves no byte, beside what the server has reserved for itself. Returns the file that has them."""
        path = self.path / "ballast"
        piece = bytes(1 << 20)
        with open(path, "ab", buffering=0) as ballast:
            while piece:
                try:
                    ballast.write(piece)
                except OSError:
                    piece = piece[: len(piece) // 2]
            os.fsync(ballast.fileno())
        return path

    def close(self):
        subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True, timeout=60)
        self.is_mounted = False
