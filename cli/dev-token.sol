// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// A stand-in that behaves as Tether's token on Ethereum does where it hurts: transfer, transferFrom
// and approve return nothing, approve refuses to replace one non-zero allowance by another, the
// owner may take a fee, block an address and pause. Written for this project's tests only.
contract UsdtStandIn {
    string public constant name = "Tether USD (stand-in)";
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;
    address public owner;
    uint256 public totalSupply;
    uint256 public basisPointsRate;
    uint256 public maximumFee;
    bool public paused;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => bool) public isBlackListed;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    modifier onlyOwner() {
        require(msg.sender == owner, "not owner");
        _;
    }

    constructor(uint256 supply) {
        owner = msg.sender;
        totalSupply = supply;
        balanceOf[msg.sender] = supply;
        emit Transfer(address(0), msg.sender, supply);
    }

    function transfer(address to, uint256 value) external {
        move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        uint256 allowed = allowance[from][msg.sender];
        require(allowed >= value, "allowance");
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - value;
        move(from, to, value);
    }

    function approve(address spender, uint256 value) external {
        require(value == 0 || allowance[msg.sender][spender] == 0, "reset first");
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function setParams(uint256 rate, uint256 maxFee) external onlyOwner {
        require(rate < 20 && maxFee < 50, "params");
        basisPointsRate = rate;
        maximumFee = maxFee * 10 ** decimals;
    }

    function addBlackList(address user) external onlyOwner {
        isBlackListed[user] = true;
    }

    function removeBlackList(address user) external onlyOwner {
        isBlackListed[user] = false;
    }

    function setPaused(bool on) external onlyOwner {
        paused = on;
    }

    function move(address from, address to, uint256 value) private {
        require(!paused && !isBlackListed[from], "stopped");
        require(balanceOf[from] >= value, "balance");
        uint256 fee = (value * basisPointsRate) / 10000;
        if (fee > maximumFee) fee = maximumFee;
        balanceOf[from] -= value;
        balanceOf[to] += value - fee;
        emit Transfer(from, to, value - fee);
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
    }
}
